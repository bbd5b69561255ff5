import ConnectorTesting
import NATSTesting
import SinkTesting
import SluicePostgres
import SluiceSinks
import Testing

@testable import SluiceNATS

/// The sink against a real server.
@Suite(.timeLimit(.minutes(5))) struct NATSSinkTests {
    private static func opened(_ url: String) async throws -> NATSSink {
        let sink = try NATSSinkURL(url).makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        return sink
    }

    private static func server() async throws -> (NATSServer, NATSClient) {
        let server = try NATSServer()
        let client = try await NATSClient.connect(server.url)
        try await client.createStream("S", subjects: ["changes.>"])
        return (server, client)
    }

    /// Sends messages again until the sink can be reached.
    private static func send(_ messages: [OutgoingMessage], _ sink: NATSSink) async throws -> [SendResult] {
        while true {
            do {
                return try await sink.send(messages)
            } catch let error as SinkError where error.code == .unavailable {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }

    private static func areDurable(_ results: [SendResult]) -> Bool {
        results.allSatisfy { if case .durable = $0 { true } else { false } }
    }

    @Test func aMessageIsStoredUnderItsSubjectAndOnce() async throws {
        let (server, client) = try await Self.server()
        let sink = try await Self.opened("\(server.url)/changes.{schema}.{table}?stream=S")
        let messages = [message(1, key: "a"), message(2, table: "items", key: "b")]
        for _ in 0..<2 { #expect(Self.areDurable(try await sink.send(messages))) }
        let stored = try await client.messages(of: "S", header: "Nats-Msg-Id")
        #expect(stored.map(\.subject) == ["changes.public.orders", "changes.public.items"])
        #expect(stored.map(\.header) == messages.map(\.cursor.idempotencyKey))
        await sink.close()
    }

    @Test func nothingIsLostAndNothingIsStoredTwiceWhenTheServerIsKilled() async throws {
        let (server, client) = try await Self.server()
        let sink = try await Self.opened("\(server.url)/changes.x?timeout=1")
        for number in 0..<20 as Range<UInt64> {
            if number % 7 == 3 {
                server.kill()
                try server.start()
            }
            let messages = (0..<10).map { message(number * 10 + $0, key: "\($0)") }
            #expect(Self.areDurable(try await Self.send(messages, sink)))
        }
        // The client of the test has to find the server again as well.
        let after = try await NATSClient.connect(server.url)
        let stored = try await after.messages(of: "S", header: "Nats-Msg-Id")
        #expect(stored.map(\.body) == (0..<200).map { "{\"record\":{\"id\":\($0)}}" })
        _ = client
    }

    @Test func saysThatNoStreamTakesTheSubject() async throws {
        let (server, _) = try await Self.server()
        let sink = try await Self.opened("\(server.url)/others")
        await expectFailure(.unavailable, "no stream takes the subject") { try await sink.send([message(1)]) }
        let strict = try await Self.opened("\(server.url)/changes.x?stream=OTHER")
        await expectFailure(.missing, "OTHER") { try await strict.send([message(1)]) }
    }

    @Test func refusesWhatCannotBeStored() async throws {
        let (server, _) = try await Self.server()
        let sink = try await Self.opened("\(server.url)/changes.{table}")
        let large = String(repeating: "x", count: 1 << 20)
        let results = try await sink.send([
            message(1, table: "a b", key: "1"), message(2, table: nil, key: "2"), message(3, key: "3", body: large),
            message(4, key: "4"),
        ])
        let refused = results.map { if case .refused = $0 { true } else { false } }
        #expect(refused == [true, true, true, false])
    }

    @Test func namesWhatIsNotAuthorized() async throws {
        let server = try NATSServer(more: "authorization { user: me, password: right-secret }")
        let place = "127.0.0.1:\(server.port)"
        _ = try await NATSClient.connect("nats://me:right-secret@\(place)")
        await expectFailure(.notAuthorized, place, without: ["wrong-secret"]) {
            try await Self.opened("nats://me:wrong-secret@\(place)/changes.x")
        }
    }

    @Test(arguments: [
        "nats://h", "nats://h/", "nats://h/a..b", "nats://h/a.*", "nats://h/a.{x}", "nats://me:hidden@h/a?stream=a.b",
        "nats://me:hidden@h/a?timeout=0", "nats://me:hidden@h/a?x=y",
    ])
    func refusesWhatIsNoSink(_ text: String) async {
        await expectFailure(.badURL, "nats:", without: ["hidden"]) { try NATSSinkURL(text) }
    }
}
