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
        _ = try RanProgram(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-days", "2"]
                + ["-addext", "subjectAltName=DNS:\(name)", "-keyout", key, "-out", certificate]
        )
    }
}
