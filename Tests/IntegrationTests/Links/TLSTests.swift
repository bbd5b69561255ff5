import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("TLS")
    struct TLSTests {
        @Test(
            "F60: a valid chain is taken; an unknown issuer, a wrong name, plain text and a missing certificate are not"
        )
        func chain() async throws {
            try await Bench.run("tls", settings: [:]) { bench in
                let authority = try Authority(bench)
                try authority.issue("server", subject: "/CN=db.example", extensions: "subjectAltName=DNS:localhost")
                try authority.issue("client", subject: "/CN=postgres", extensions: "extendedKeyUsage=clientAuth")
                try Authority(bench, name: "stranger").issue("other", subject: "/CN=postgres", extensions: "")
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...10)
                for setting in try authority.settings(of: "server") { try bench.server.append(setting) }
                try authority.replaceAccess("hostssl all all 127.0.0.1/32 trust clientcert=verify-ca")
                try bench.restartServer(.fast, connecting: false)

                let folder = bench.folder.path
                let client = "sslcert=\(folder)/client.crt&sslkey=\(folder)/client.key"
                func arguments(_ host: String, _ parameters: String) -> [String] {
                    var result = bench.arguments(bench.file, ["--until", "now"])
                    result[1] = "postgres://postgres@\(host):\(bench.server.port)/tls?\(parameters)"
                    return result
                }
                let root = "sslrootcert=\(folder)/authority.crt"
                let full = "sslmode=verify-full&\(client)"
                try refuse(
                    arguments("localhost", "\(full)&sslrootcert=\(folder)/stranger.crt"),
                    ["certificate verify failed"]
                )
                try refuse(arguments("127.0.0.1", "\(full)&\(root)"), ["does not match host name \"127.0.0.1\""])
                try refuse(arguments("localhost", "sslmode=disable"), ["no encryption"])
                try refuse(arguments("localhost", "sslmode=verify-full&\(root)"), ["client certificate"])
                let other = "sslcert=\(folder)/other.crt&sslkey=\(folder)/other.key"
                try refuse(arguments("localhost", "sslmode=verify-full&\(root)&\(other)"), ["unknown ca"])
                let process = try SluiceProcess(arguments("localhost", "\(full)&\(root)"))
                #expect(try process.waitForExit() == .status(0), "\(process.error.text)")
                #expect(try process.last("changes") == 10)
                // With TLS off at the server nothing falls back to plain text.
                try bench.server.append("ssl = off")
                try authority.replaceAccess("host all all 127.0.0.1/32 trust")
                try bench.restartServer(.fast)
                try refuse(arguments("localhost", "sslmode=require"), ["server does not support SSL"])
            }
        }
    }
}

/// A certificate authority for one test, in its bench's folder.
private final class Authority {
    private let bench: Bench
    private let name: String

    init(_ bench: Bench, name: String = "authority") throws {
        self.bench = bench
        self.name = name
        try run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj",
            "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).crt"),
        ])
    }

    /// Makes a key and a certificate that this authority has signed.
    func issue(_ subject: String, subject distinguished: String, extensions: String) throws {
        try run([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", distinguished,
            "-keyout", path("\(subject).key"), "-out", path("\(subject).csr"),
        ])
        try extensions.write(toFile: path("extensions"), atomically: true, encoding: .utf8)
        try run([
            "x509", "-req", "-in", path("\(subject).csr"), "-CA", path("\(name).crt"), "-CAkey", path("\(name).key"),
            "-CAcreateserial", "-days", "2", "-extfile", path("extensions"), "-out", path("\(subject).crt"),
        ])
        chmod(path("\(subject).key"), 0o600)
    }

    /// Copies a certificate into the server's folder.
    ///
    /// - Returns: The server's settings for it.
    func settings(of subject: String) throws -> [String] {
        for name in ["\(subject).key", "\(subject).crt", "\(name).crt"] {
            try bench.server.place(file: path(name), as: name)
        }
        return [
            "ssl = on", "ssl_key_file = '\(subject).key'", "ssl_cert_file = '\(subject).crt'",
            "ssl_ca_file = '\(name).crt'",
        ]
    }

    /// Says who may connect from where: one line.
    func replaceAccess(_ line: String) throws {
        try line.appending("\n").write(toFile: path("pg_hba.conf"), atomically: true, encoding: .utf8)
        try bench.server.place(file: path("pg_hba.conf"), as: "pg_hba.conf")
    }

    private func path(_ name: String) -> String { bench.folder.path(name) }

    private func run(_ arguments: [String]) throws {
        try LocalServer.run(["openssl"] + arguments, output: path("openssl.log"))
    }
}
