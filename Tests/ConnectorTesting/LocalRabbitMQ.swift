import Foundation
import SluicePostgres
import Synchronization

/// A RabbitMQ server on free ports of 127.0.0.1, with all that it has in a temporary folder.
///
/// Its user `guest` may do everything, `reader`, whose password is `secret-word`, nothing in the virtual host `/`. It stops
/// when this process ends, however that happens. The functions without `async` block.
package final class LocalRabbitMQ: Sendable {
    /// Where clients connect.
    package let port: Int
    /// Where clients connect with TLS.
    package let securePort: Int
    /// The certificate of `localhost`, signed by itself.
    package let certificate: String
    private let environment: [String]
    private let folder: URL
    /// Finds Erlang nodes by their names; RabbitMQ would start one that outlives it.
    private let names: ServerProcess
    private let server: Mutex<ServerProcess?>

    /// One server for all tests that leave it running.
    package static func shared() async throws -> LocalRabbitMQ {
        try await thread.run { try common.get() }
    }

    /// A server of a test's own, which it may kill.
    ///
    /// - Parameter queue: A durable queue that it has.
    package static func start(queue: String? = nil) async throws -> LocalRabbitMQ {
        let thread = BlockingThread()
        defer { thread.close() }
        return try await thread.run { try LocalRabbitMQ(queue: queue) }
    }

    private static let thread = BlockingThread()
    private static let common = Result { try LocalRabbitMQ() }

    private init(queue: String? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-rabbitmq-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let folder = self.folder
        let ports = try ServerProcess.freePorts(4)
        (port, securePort) = (ports[0], ports[1])
        let identity = try TestCertificate(for: "localhost", in: folder.path)
        certificate = identity.certificate
        func write(_ name: String, _ text: String) throws -> String {
            let file = folder.appendingPathComponent(name)
            try Data(text.utf8).write(to: file)
            return file.path
        }
        let settings = try write(
            "rabbitmq.conf",
            """
            listeners.tcp.1 = 127.0.0.1:\(port)
            listeners.ssl.1 = 127.0.0.1:\(securePort)
            ssl_options.cacertfile = \(certificate)
            ssl_options.certfile = \(certificate)
            ssl_options.keyfile = \(identity.key)
            log.file = false
            log.console = true
            load_definitions = \(write("definitions.json", Self.definitions(queue)))
            """
        )
        environment = [
            "HOME=\(folder.path)", "RABBITMQ_NODENAME=r\(port)@localhost", "RABBITMQ_CONFIG_FILE=\(settings)",
            "RABBITMQ_ADVANCED_CONFIG_FILE=\(try write("advanced.config", Self.loopback))",
            "RABBITMQ_ENABLED_PLUGINS_FILE=\(try write("enabled_plugins", "[].\n"))",
            "RABBITMQ_MNESIA_BASE=\(folder.path)/mnesia", "RABBITMQ_LOG_BASE=\(folder.path)/log",
            "RABBITMQ_DIST_PORT=\(ports[2])", "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=\(ports[3])",
            // Else the script stays between the server and whoever kills it.
            "RABBITMQ_ALLOW_INPUT=1",
        ]
        names = try ServerProcess(
            "epmd",
            ["-address", "127.0.0.1", "-port", "\(ports[3])"],
            log: folder.appendingPathComponent("epmd.log").path
        )
        server = Mutex(nil)
        try restart()
    }

    deinit {
        kill()
        names.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    private static let loopback = "[{kernel,[{inet_dist_use_interface,{127,0,0,1}}]}].\n"

    // MARK: - The server

    /// Where clients connect, as `guest`.
    package var url: String { "amqp://guest:guest@127.0.0.1:\(port)" }

    /// Lets the server answer nothing any more, until it is killed.
    package func freeze() {
        server.withLock { $0?.freeze() }
    }

    /// Ends the server at once, as a crash would.
    package func kill() {
        server.withLock { server in
            server?.kill()
            server = nil
        }
    }

    /// Starts the server with what it has on disk, and waits until it answers: about five seconds, on a busy machine a minute.
    package func restart() throws {
        let log = folder.appendingPathComponent("server.log").path
        try server.withLock { server in
            server = try ServerProcess(
                "/usr/bin/env",
                environment + ["/usr/lib/rabbitmq/bin/rabbitmq-server", "-noinput"],
                log: log
            )
        }
        let end = Instant.now.advanced(by: .seconds(180))
        while !isListening {
            guard Instant.now < end else {
                throw NoServer(log: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "no log")
            }
            // Nobody tells when it is ready.
            WakeUp().wait(milliseconds: 50)
        }
    }

    private struct NoServer: Error {
        let log: String
    }

    private var isListening: Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    // MARK: - Its own word

    /// How many messages a queue has, unacknowledged ones included.
    package func count(_ queue: String) async throws -> Int {
        let text = try await control("-q", "list_queues", "--no-table-headers", "name", "messages")
        for line in text.split(separator: "\n") {
            let words = line.split(separator: "\t")
            if words.count == 2, words[0] == queue, let count = Int(words[1]) { return count }
        }
        throw NoServer(log: text)
    }

    /// Lets everything be on disk that was declared; else a server that is killed within two seconds may forget a queue.
    package func sync() async throws {
        try await control("eval", "mnesia:sync_log().")
    }

    @discardableResult
    private func control(_ arguments: String...) async throws -> String {
        let thread = BlockingThread()
        defer { thread.close() }
        return try await thread.run { [environment] in
            try RanProgram("env", environment + ["/usr/lib/rabbitmq/bin/rabbitmqctl"] + arguments).output
        }
    }
}
