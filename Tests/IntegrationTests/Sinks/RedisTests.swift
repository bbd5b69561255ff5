import ConnectorTesting
import Foundation
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("to Redis")
    struct RedisTests {
        @Test("killed again and again under load: the stream has every change once, in the order of the commits")
        func killed() async throws {
            try await Bench.run("redis_kill") { bench in
                let redis = try DurableRedis()
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.wait("Redis") { try redis.ask("ping").hasPrefix("PONG") }
                try bench.killUnderLoad(redis.url, pause: 0.1, seed: 7)
                try bench.loadTruth()
                let messages = try redis.messages
                let cursors = messages.compactMap(\.cursor)
                #expect(
                    cursors.count == messages.count && Set(cursors).count == cursors.count
                        && cursors == cursors.sorted()
                )
                try bench.loadAtLeastOnce(messages)
                try bench.expectAllDelivered()
            }
        }
    }
}

/// A Redis server that keeps what it has answered, and `redis-cli` to look into it.
private final class DurableRedis {
    private static let stream = "public.items"

    private let port: Int
    private let folder: TemporaryFolder
    private let process: ServerProcess

    init() throws {
        port = try ServerProcess.freePort()
        folder = try TemporaryFolder()
        process = try ServerProcess(
            "/usr/bin/redis-server",
            ["--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path("")]
                + ["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
            log: folder.path("log")
        )
    }

    deinit {
        process.kill()
    }

    var url: String { "redis://127.0.0.1:\(port)/0" }

    /// The entries of the stream, in its order.
    var messages: [BrokerMessage] {
        get throws {
            // An identifier, and then names and values, each in a line.
            let lines = try ask("xrange", Self.stream, "-", "+").split(separator: "\n").map(String.init)
            try #require(lines.count.isMultiple(of: 5))
            return try stride(from: 0, to: lines.count, by: 5).map { start in
                try #require(lines[start + 1] == "key" && lines[start + 3] == "message")
                return BrokerMessage(key: lines[start + 2], body: lines[start + 4])
            }
        }
    }

    func ask(_ arguments: String...) throws -> String {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/redis-cli")
        process.arguments = ["-p", "\(port)"] + arguments
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
