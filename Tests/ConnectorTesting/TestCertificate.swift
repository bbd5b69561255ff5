/// A certificate that is signed by itself, and its key, in files.
package struct TestCertificate: Sendable {
    /// The path of the certificate, which a client may trust.
    package let certificate: String
    package let key: String

    /// Makes a certificate; blocks.
    ///
    /// - Parameters:
    ///   - name: Whom it is for: a host, or a client.
    ///   - folder: Where the files are to be.
    package init(for name: String, in folder: String) throws {
        certificate = "\(folder)/\(name).certificate.pem"
        key = "\(folder)/\(name).key.pem"
        let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let names = ["-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)"]
        let files = ["-keyout", key, "-out", certificate]
        _ = try RanProgram("openssl", ["req", "-x509", "-days", "2"] + kind + names + files)
    }
}
