import Foundation
import KafkaTesting
import SluicePostgres

/// `openssl s_server` with a certificate that nobody has signed, for another host's name.
final class TLSServer: Sendable {
    /// `HOST:PORT`
    let address: String
    /// The certificate, which a client may trust.
    let certificate: String
    private let folder: URL
    private let process: Process
    // It ends when its input does.
    private let input: Pipe

    static func start() async throws -> TLSServer {
        try await BlockingThread().run { try TLSServer() }
    }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = folder.appendingPathComponent("key.pem").path
        certificate = folder.appendingPathComponent("cert.pem").path
        let maker = Self.openssl(
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other.example", "-days", "2"]
                + ["-keyout", key, "-out", certificate]
        )
        try withDescriptorsAlone { try maker.run() }
        maker.waitUntilExit()
        process = Self.openssl(["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key])
        (input, process.standardInput) = (Pipe(), nil)
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        try withDescriptorsAlone { [process] in try process.run() }
        var text = ""
        while !text.contains("ACCEPT ") || text.last != "\n" {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw TestFailure("openssl s_server ended: \(text)") }
            text += String(decoding: data, as: UTF8.self)
        }
        guard let port = text.split(separator: ":").last.flatMap({ UInt16($0.dropLast()) }) else {
            throw TestFailure("openssl s_server says no port: \(text)")
        }
        address = "127.0.0.1:\(port)"
    }

    deinit {
        process.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func openssl(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardError = FileHandle.nullDevice
        return process
    }
}
