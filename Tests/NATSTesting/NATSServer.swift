import ConnectorTesting
import Foundation

/// A NATS server with JetStream on a port of 127.0.0.1 of its own, whose files outlive it and are removed in the end.
///
/// It may be killed and started again, and be one of a cluster.
package final class NATSServer: Sendable {
    package let port: Int
    private let files: URL
    private let configuration: String
    private let lines: String
    private let process = ProcessBox()

    /// Starts a server.
    ///
    /// - Parameter more: Lines of its configuration.
    package init(
        more: String = "",
        name: String = "one",
        port: Int? = nil,
        isJetStream: Bool = true,
        domain: String? = nil
    ) throws {
        self.port = try port ?? ServerProcess.freePort()
        files = FileManager.default.temporaryDirectory.appending(path: "sluice-nats-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        let store = "store_dir: \"\(files.path)\", max_mem: 256MB, max_file: 4GB"
        let jetStream = "jetstream { \(store)\(domain.map { ", domain: \($0)" } ?? "") }"
        configuration = files.appending(path: "server.conf").path
        lines = """
            listen: "127.0.0.1:\(self.port)"
            server_name: \(name)
            \(isJetStream ? jetStream : "")

            """
        try start(more: more)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: files)
    }

    /// Where its files are, and a test's may be.
    package var folder: String { files.path }

    package var url: String { "nats://127.0.0.1:\(port)" }

    /// Starts it again, with the files it had.
    ///
    /// - Parameter more: Lines of its configuration, if they are not to be those it had.
    package func start(more: String? = nil) throws {
        if let more { try (lines + more).write(toFile: configuration, atomically: true, encoding: .utf8) }
        process.replace(
            try ServerProcess("/usr/sbin/nats-server", ["-c", configuration], log: files.appending(path: "log").path)
        )
    }

    /// Lets it answer nothing any more, until it is killed.
    package func freeze() {
        process.freeze()
    }

    /// Ends it as a crash would.
    package func kill() {
        process.replace(nil)
    }

    /// What it has said so far.
    package var log: String { (try? String(contentsOf: files.appending(path: "log"), encoding: .utf8)) ?? "" }
}
