import SinkTesting
import SluicePostgres
import SluiceSinks
import SluiceSinksTesting
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceRedis

private let source = SourceIdentity(systemIdentifier: "7300000000000000001", timeline: 1, slot: "check")

/// Against a server.
@Suite(.timeLimit(.minutes(5))) struct RedisSinkTests {
    private static func sink(
        _ server: RedisServer,
        _ options: String = "",
        behind proxy: FaultProxy? = nil,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> RedisSink {
        try RedisSinkURL("redis://127.0.0.1:\(proxy?.port ?? server.port)/1\(options)").makeSink(report: report)
    }

    /// The messages of a stream of database 1, in order.
    private static func messages(_ server: RedisServer, _ stream: String) async throws -> [String] {
        try await entries(server, stream).compactMap { fields in
            fields.firstIndex(of: "message").map { fields[$0 + 1] }
        }
    }

    private static func entries(_ server: RedisServer, _ stream: String) async throws -> [[String]] {
        try await server.runInDatabase1("XRANGE", stream, "-", "+").list.map { $0[1]?.list.compactMap(\.text) ?? [] }
    }

    private static func rows(_ server: RedisServer, _ stream: String = "public.conformance") async throws -> [SampleRow]
    {
        try await messages(server, stream).compactMap { SampleRow(message: $0) }
    }

    @Test func keepsTheRulesOfSinks() async throws {
        let server = try await RedisServer.durable()
        try await checkSink {
            try Self.sink(server)
        } rows: {
            try await Self.rows(server)
        }
    }

    @Test func nothingIsLostOrDoubledWhenTheServerIsKilled() async throws {
        let server = try await RedisServer.durable()
        let reports = Mutex<[String]>([])
        let sink = try Self.sink(server) { report in reports.withLock { $0.append(report) } }
        let opening = try await sink.open(for: source, remembered: nil)
        #expect(opening.notices.isEmpty && opening.position.cursor == nil)
        // Three kills while batches of a few parts each are on their way.
        let expected = try await withThrowingTaskGroup(of: [SampleRow].self) { group in
            group.addTask {
                var stream = SampleStream()
                var all: [SampleRow] = []
                for batch in 0..<20 {
                    let rows = (0..<2500).map { SampleRow(id: batch * 2500 + $0, note: "\($0)") }
                    let changes = stream.transaction(rows.map { .insert($0) })
                    let position = try await sink.deliver(changes)
                    #expect(position.cursor == changes.last?.lastCursor)
                    all += rows
                }
                return all
            }
            for number in 1...3 {
                let length = number * 10_000
                while try await server.runInDatabase1("XLEN", "public.conformance").integer ?? 0 < length {
                    await Task.yield()
                }
                try await server.kill()
                try await server.restart()
            }
            return try await group.next() ?? []
        }
        #expect(try await Self.rows(server) == expected)
        let told = reports.withLock { $0 }
        #expect(told.contains { $0.contains("Trying again") } && told.contains { $0.contains("is there again") })
        await sink.close()
    }

    /// The server has done what the answer that got lost was about.
    @Test func answersThatAreLostDoubleNothing() async throws {
        let server = try await RedisServer.start()
        let proxy = try FaultProxy(to: server.port)
        let sink = try Self.sink(server, behind: proxy)
        _ = try await sink.open(for: source, remembered: nil)
        var stream = SampleStream()
        var expected: [SampleRow] = []
        for batch in 0..<60 {
            let rows = (0..<1500).map { SampleRow(id: batch * 1500 + $0, note: "") }
            let changes = stream.transaction(rows.map { .insert($0) })
            async let position = sink.deliver(changes)
            for _ in 0..<(batch * 7) { await Task.yield() }
            if batch % 2 == 1 { proxy.cut() }
            #expect(try await position.cursor == changes.last?.lastCursor)
            expected += rows
        }
        #expect(try await Self.rows(server) == expected)
        await sink.close()
    }

    @Test func fencesASinkWhosePositionWasMoved() async throws {
        let server = try await RedisServer.start()
        let sink = try Self.sink(server, "?cursor=fenced&stream=fenced")
        let opening = try await sink.open(for: source, remembered: nil)
        #expect(opening.notices.first?.contains("no append-only file") == true)
        var stream = SampleStream()
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 1, note: "a"))]))
        try await server.runInDatabase1("HSET", "sluice:cursor:fenced", "cursor", "4096:5:0")
        let next = stream.transaction([.insert(SampleRow(id: 2, note: "b"))])
        await expectFailure(.takenOver, "0/1000:5", "fenced") { try await sink.deliver(next) }
        #expect(try await Self.rows(server, "fenced") == [SampleRow(id: 1, note: "a")])
        await sink.close()
    }

    @Test func aServerThatHasLostItsDataIsNoticed() async throws {
        let server = try await RedisServer.start()
        let sink = try Self.sink(server)
        _ = try await sink.open(for: source, remembered: nil)
        var stream = SampleStream()
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 1, note: "a"))]))
        try await server.kill()
        try await server.restart()
        let next = stream.transaction([.insert(SampleRow(id: 2, note: "b"))])
        await expectFailure(.takenOver, "the start", "lost") { try await sink.deliver(next) }
        #expect(try await server.runInDatabase1("EXISTS", "public.conformance").integer == 0)
        await sink.close()
    }

    @Test func whatIsNoStreamIsRefusedAndNothingOfTheBatchIsAdded() async throws {
        let server = try await RedisServer.start()
        try await server.runInDatabase1("SET", "public.conformance", "a string")
        let sink = try Self.sink(server)
        _ = try await sink.open(for: source, remembered: nil)
        var stream = SampleStream()
        let changes = stream.transaction([.insert(SampleRow(id: 1, note: "a"))])
        await expectFailure(.refused, "public.conformance", "not a stream") { try await sink.deliver(changes) }
        await sink.close()
        try await server.runInDatabase1("DEL", "public.conformance")
        let again = try Self.sink(server)
        #expect(try await again.open(for: source, remembered: nil).position.cursor == nil)
        _ = try await again.deliver(changes)
        #expect(try await Self.rows(server) == [SampleRow(id: 1, note: "a")])
        await again.close()
    }

    @Test func anEntryHasTheRowsKeyAndTheMessage() async throws {
        let server = try await RedisServer.start()
        let sink = try Self.sink(server, "?stream=cdc:%7Btable%7D&maxlen=5")
        _ = try await sink.open(for: source, remembered: nil)
        var stream = SampleStream()
        _ = try await sink.deliver(
            stream.transaction([.insert(SampleRow(id: 7, note: "ä\r\n")), .delete(id: 7), .truncate])
        )
        let entries = try await Self.entries(server, "cdc:conformance")
        #expect(entries.map { $0.prefix(2) } == [["key", "7"], ["key", "7"], ["message", entries[2][1]]])
        #expect(entries[0][3].contains("\"idempotency_key\"") && entries[1][3].contains("\"delete\""))
        // About: whole blocks are trimmed.
        for _ in 0..<10 {
            _ = try await sink.deliver(
                stream.transaction((0..<100).map { .insert(SampleRow(id: $0, note: "")) })
            )
        }
        #expect(try await Self.entries(server, "cdc:conformance").count < 300)
        await sink.close()
    }

    @Test func aClosedSinkWaitsNoLonger() async throws {
        let server = try await RedisServer.start()
        let reports = Mutex(0)
        let sink = try Self.sink(server) { _ in reports.withLock { $0 += 1 } }
        _ = try await sink.open(for: source, remembered: nil)
        try await server.kill()
        var stream = SampleStream()
        let changes = stream.transaction([.insert(SampleRow(id: 1, note: ""))])
        await withTaskGroup { group in
            group.addTask {
                await expectFailure(.notOpen, "closed") { try await sink.deliver(changes) }
            }
            while reports.withLock({ $0 }) == 0 { await Task.yield() }
            await sink.close()
        }
    }

    @Test func aClosedSinkDoesNotWaitForAServerThatIsSilent() async throws {
        let server = try await RedisServer.start()
        let sink = try Self.sink(server)
        _ = try await sink.open(for: source, remembered: nil)
        server.pause(true)
        var stream = SampleStream()
        let changes = stream.transaction([.insert(SampleRow(id: 1, note: ""))])
        await withTaskGroup { group in
            group.addTask {
                await expectFailure(.notOpen, "closed") { try await sink.deliver(changes) }
            }
            await Task.yield()
            await sink.close()
        }
        server.pause(false)
    }

    @Test func saysWhyItCannotBeOpened() async throws {
        let server = try await RedisServer.start("--requirepass", "hidden-secret")
        let wrong = try RedisSinkURL("redis://:wrong-secret@127.0.0.1:\(server.port)").makeSink()
        await expectFailure(.notAuthorized, "ACL", without: ["secret"]) {
            try await wrong.open(for: source, remembered: nil)
        }
        let right = try RedisSinkURL(
            "redis://127.0.0.1:\(server.port)?password.env=P",
            environment: ["P": "hidden-secret"]
        ).makeSink()
        _ = try await right.open(for: source, remembered: nil)
        #expect(!right.identity.contains("secret"))
        await right.close()
        try await server.kill()
        let gone = try RedisSinkURL("redis://127.0.0.1:\(server.port)").makeSink()
        await expectFailure(.unavailable, "cannot be reached") { try await gone.open(for: source, remembered: nil) }
    }
}

@Suite struct RedisSinkURLTests {
    @Test func namesStreamsByTable() throws {
        func key(_ options: String, _ schema: String?, _ table: String?) throws -> String {
            try RedisSinkURL("redis://h\(options)").settings.key(schema: schema, table: table)
        }
        #expect(try key("", "public", "orders") == "public.orders")
        #expect(try key("?stream=cdc:%7Bschema%7D:{table}", "a", "b") == "cdc:a:b")
        #expect(try key("?stream=all", nil, nil) == "all")
        #expect(try key("?stream={table}&cursor=x", nil, nil) == "sluice:other:x")
        let settings = try RedisSinkURL("redis://u:secret@h:1/2?maxlen=10&cursor=x").settings
        #expect(settings.maxLength == 10 && settings.cursorKey == "sluice:cursor:x")
        #expect(settings.identity == "redis://h:1/2?stream={schema}.{table}&cursor=x")
    }

    @Test(arguments: [
        ("?stream=", "no name"), ("?stream={x}", "no name"), ("?maxlen=0", "maxlen=0"), ("?cursor=", "cursor"),
        ("?other=1", "stream, maxlen, cursor"),
    ])
    func refusesOthers(_ options: String, words: String) async {
        await expectFailure(.badURL, words, without: ["secret"]) { try RedisSinkURL("redis://u:secret@h\(options)") }
    }
}
