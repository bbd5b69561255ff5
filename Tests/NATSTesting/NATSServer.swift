import ConnectorTesting
import Foundation

/// A NATS server with JetStream on a port of 127.0.0.1 of its own, whose files outlive it and are removed in the end.
///
/// It may be killed and started again, and be one of a cluster.
package final class NATSServer: Sendable {
    package let port: Int
    private let folder: URL
    private let configuration: String
    private let process = ProcessBox()

    /// Starts a server.
    ///
    /// - Parameter more: Lines of its configuration.
    package init(more: String = "", name: String = "one", port: Int? = nil, isJetStream: Bool = true) throws {
        self.port = try port ?? ServerProcess.freePort()
        folder = FileManager.default.temporaryDirectory.appending(path: "sluice-nats-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let store = isJetStream ? "jetstream { store_dir: \"\(folder.path)\", max_mem: 256MB, max_file: 4GB }" : ""
        configuration = folder.appending(path: "server.conf").path
        try """
        listen: "127.0.0.1:\(self.port)"
        server_name: \(name)
        \(store)
        \(more)
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    package var url: String { "nats://127.0.0.1:\(port)" }

    /// Starts it again, with the files it had.
    package func start() throws {
        process.replace(
            try ServerProcess("/usr/sbin/nats-server", ["-c", configuration], log: folder.appending(path: "log").path)
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
    package var log: String { (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "" }
}
