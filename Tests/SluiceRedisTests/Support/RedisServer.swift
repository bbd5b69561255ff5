import Foundation
import SluicePostgres
import Synchronization
import Testing

@testable import SluiceRedis

/// A Redis server of a test, on a port of 127.0.0.1 of its own, with its data in a temporary folder.
///
/// It stops when the process ends, however that happens: its shell waits for the end of a pipe that only this process
/// holds, and then ends it by its process id.
final class RedisServer: Sendable {
    let port: Int
    private let folder: URL
    private let arguments: [String]
    private let state = Mutex<(input: Pipe, shell: Process, server: Int32)?>(nil)

    /// One server for all tests that leave it alone; each has keys of its own.
    static func shared() async throws -> RedisServer {
        try await thread.run { try common.get() }
    }

    private static let thread = BlockingThread()
    private static let common = Result { try RedisServer([]) }

    /// Starts a server.
    ///
    /// - Parameter arguments: As on its command line.
    static func start(_ arguments: String...) async throws -> RedisServer {
        try await thread.run { try RedisServer(arguments) }
    }

    /// A server that loses nothing of what it has answered, killed or not.
    static func durable() async throws -> RedisServer {
        try await start("--appendonly", "yes", "--appendfsync", "always")
    }

    private init(_ arguments: [String]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.arguments = arguments
        port = try Self.freePort()
        try startBlocking()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    var url: String { "redis://127.0.0.1:\(port)/0" }

    /// Starts it again on the same port, with the data that it had.
    func restart() async throws {
        try await BlockingThread().run { [self] in try startBlocking() }
    }

    private func startBlocking() throws {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Not TERM: it would be asked to save, and the threads that start processes block that signal.
        let script = #"redis-server "$@" </dev/null & echo "pid $!"; cat >/dev/null; kill -KILL $!; wait"#
        process.arguments =
            ["-c", script, "sh", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", ""]
            + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var text = ""
        // The server may be ready before the shell, which started it, has written its number.
        while !text.contains("Ready to accept connections") || !text.contains("pid ") {
            let bytes = output.fileHandleForReading.availableData
            text += String(decoding: bytes, as: UTF8.self)
            try #require(!bytes.isEmpty, "redis-server ended: \(text)")
        }
        output.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("pid ") })
        let server = try #require(Int32(line.dropFirst(4)))
        state.withLock { $0 = (input, process, server) }
    }

    /// Ends it without giving it a chance to say anything, and waits until it is gone.
    func kill() async throws {
        try await BlockingThread().run { [self] in stop() }
    }

    /// Halts it, or lets it go on.
    func pause(_ isPaused: Bool) {
        state.withLock { state in
            if let state { _ = Glibc.kill(state.server, isPaused ? SIGSTOP : SIGCONT) }
        }
    }

    private func stop() {
        state.withLock { state in
            guard let (input, shell, _) = state else { return }
            try? input.fileHandleForWriting.close()
            shell.waitUntilExit()
            state = nil
        }
    }

    /// Runs a command on a connection of its own.
    @discardableResult
    func run(_ arguments: String...) async throws -> Answer {
        try await run(arguments)
    }

    /// The same in another database.
    @discardableResult
    func runInDatabase1(_ arguments: String...) async throws -> Answer {
        try await run(arguments, database: 1)
    }

    private func run(_ arguments: [String], database: Int = 0) async throws -> Answer {
        try await BlockingThread().run { [self] in
            let url = "redis://127.0.0.1:\(port)/\(database)"
            let connection = try RedisConnection(RedisAddress(url) { _ in nil }, timeout: .seconds(5))
            var answer = Answer.nothing
            try connection.exchange(RedisCommands(arguments)) { _, reply in answer = Answer(reply) }
            return answer
        }
    }

    /// Adds entries with one field, `n`.
    func add(_ values: [String], to stream: String) async throws {
        try await BlockingThread().run { [self] in
            let connection = try RedisConnection(RedisAddress(url) { _ in nil }, timeout: .seconds(5))
            var commands = RedisCommands()
            for value in values { commands.add("XADD", stream, "*", "n", value) }
            try connection.exchange(commands) { _, _ in }
        }
    }

    /// The values of the field `n` of all entries.
    func values(of stream: String) async throws -> [String] {
        try await run("XRANGE", stream, "-", "+").list.compactMap { entry in
            let fields = entry[1]?.list ?? []
            return fields.firstIndex { $0.text == "n" }.flatMap { fields[$0 + 1].text }
        }
    }

    /// How many entries of a group are pending.
    func pendingCount(_ stream: String, _ group: String) async throws -> Int {
        try await run("XPENDING", stream, group)[0]?.integer ?? -1
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound, "There is no free port.")
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// A reply that outlives its connection.
enum Answer: Sendable, Equatable {
    case nothing
    case integer(Int)
    case text(String)
    case list([Answer])

    init(_ reply: RedisReply) {
        if reply.isNothing {
            self = .nothing
        } else if let integer = reply.integer {
            self = .integer(integer)
        } else if reply.count > 0 {
            self = .list(reply.parts.map { Answer($0) })
        } else {
            self = .text(reply.text)
        }
    }

    var integer: Int? { if case .integer(let integer) = self { integer } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var list: [Answer] { if case .list(let list) = self { list } else { [] } }
    subscript(_ index: Int) -> Answer? { index < list.count ? list[index] : nil }
}
