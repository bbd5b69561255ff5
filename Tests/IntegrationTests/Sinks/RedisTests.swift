import ConnectorTesting
import Foundation
import SluicePostgres
import SluiceTesting
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
                var random = SeededGenerator(seed: 7)
                let load = try Load(bench, pause: 0.1)
                for _ in 0..<4 {
                    let count = try redis.count
                    let process = try bench.stream(redis.url)
                    try bench.wait("changes") { try redis.count > count }
                    try bench.run("select pg_sleep(\(Double.random(in: 0...0.5, using: &random)))")
                    try #require(process.isRunning, "it gave up: \(process.error.text)")
                    try process.killHard()
                    try bench.waitForNoReader()
                }
                try load.stop()
                try bench.streamUntilNow(redis.url)
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

    /// How many entries the stream has.
    var count: Int {
        get throws { Int(try ask("xlen", Self.stream).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 }
    }

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
