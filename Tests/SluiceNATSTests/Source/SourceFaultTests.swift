import NATSTesting
import SinkTesting
import SluicePipelines
import SluiceSinks
import Testing

@testable import SluiceNATS

/// What a source says when something is missing or not allowed.
@Suite(.timeLimit(.minutes(5))) struct SourceFaultTests {
    private static func take(
        _ url: String,
        stream: String = "S",
        _ change: (inout NATSSource.Options) -> Void = { _ in }
    ) async throws {
        var options = NATSSource.Options()
        change(&options)
        var source = try NATSSource(url, stream: stream, durable: "d", options: options)
        _ = try await source.handleDemand(1)
    }

    @Test func namesTheStreamThatIsMissing() async throws {
        let server = try NATSServer()
        _ = try await NATSClient.connect(server.url)
        await expectFailure(.missing, "NONE", "127.0.0.1:\(server.port)") {
            try await Self.take(server.url, stream: "NONE")
        }
    }

    @Test(arguments: ["nats://me:wrong-secret@", "nats://wrong-secret@", "nats://"])
    func namesWhatIsNotAuthorized(_ start: String) async throws {
        let server = try NATSServer(more: "authorization { user: me, password: right-secret }")
        let place = "127.0.0.1:\(server.port)"
        _ = try await NATSClient.connect("nats://me:right-secret@\(place)")
        await expectFailure(.notAuthorized, place, without: ["wrong-secret"]) { try await Self.take(start + place) }
    }

    @Test func getsInWithAPasswordThatIsPercentEncoded() async throws {
        let server = try NATSServer(more: "authorization { user: \"m@e\", password: \"s:e/c\" }")
        let url = "nats://m%40e:s%3Ae%2Fc@127.0.0.1:\(server.port)"
        // The source waits for the server.
        await expectFailure(.missing, "stream S") { try await Self.take(url) }
    }

    @Test func saysWhatTheUserMayNotDo() async throws {
        let permissions = "permissions { publish: { deny: \"$JS.API.CONSUMER.MSG.NEXT.>\" } }"
        let server = try NATSServer(more: "authorization { users [ { user: me, password: pw, \(permissions) } ] }")
        let url = "nats://me:pw@127.0.0.1:\(server.port)"
        try await NATSClient.connect(url).createStream("S", subjects: ["s"])
        await expectFailure(.notAuthorized, "Permissions Violation") { try await Self.take(url) }
    }

    @Test func doesNotChangeAConsumerThatIsThere() async throws {
        let server = try NATSServer()
        let client = try await NATSClient.connect(server.url)
        try await client.createStream("S", subjects: ["s.>"])
        try await client.publish([("s.a", "x")])
        try await Self.take(server.url) { $0.ackWait = .seconds(7) }
        // Without an option it is taken as it is.
        try await client.publish([("s.a", "y")])
        try await Self.take(server.url)
        let changes: [(String, @Sendable (inout NATSSource.Options) -> Void)] = [
            ("ackWait", { $0.ackWait = .seconds(8) }), ("filterSubject", { $0.filterSubject = "s.b" }),
            ("maxDeliver", { $0.maxDeliver = 3 }), ("maxAckPending", { $0.maxAckPending = 1 }),
            ("deliverPolicy", { $0.deliverPolicy = .new }),
        ]
        for (name, change) in changes {
            await expectFailure(.badOption, "consumer d", name) { try await Self.take(server.url, change) }
        }
    }

    @Test func endsWhenItsConsumerIsDeleted() async throws {
        let server = try NATSServer()
        let client = try await NATSClient.connect(server.url)
        try await client.createStream("S", subjects: ["s.>"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await expectFailure(.missing, "consumer d", "deleted") { try await Self.take(server.url) }
            }
            try await wait { try await client.consumer("d", of: "S")?.waitingRequests == 1 }
            try await client.deleteConsumer("d", of: "S")
            try await group.waitForAll()
        }
    }

    @Test(arguments: [("A.B", "d"), ("", "d"), ("S", "a b"), ("S", "*")])
    func refusesWhatIsNoName(_ stream: String, _ durable: String) async {
        await expectFailure(.badOption, "no dots") { try NATSSource("nats://h", stream: stream, durable: durable) }
    }

    @Test func refusesOptionsOutOfRange() async {
        let changes: [(String, (inout NATSSource.Options) -> Void)] = [
            ("batch", { $0.batch = 0 }), ("expires", { $0.expires = .milliseconds(999) }),
            ("timeout", { $0.timeout = .zero }), ("maxExtension", { $0.maxExtension = .seconds(43_201) }),
            ("ackWait", { $0.ackWait = .zero }), ("maxDeliver", { $0.maxDeliver = 0 }),
            ("maxAckPending", { $0.maxAckPending = -2 }), ("delay", { $0.onFailure = .nak(delay: .zero) }),
            ("sequences", { $0.deliverPolicy = .byStartSequence(0) }), ("filterSubject", { $0.filterSubject = "a..b" }),
            ("domain", { $0.domain = "a.b" }),
        ]
        for (name, change) in changes {
            var options = NATSSource.Options()
            change(&options)
            await expectFailure(.badOption, name) { [options] in
                try NATSSource("nats://h", stream: "S", durable: "d", options: options)
            }
        }
        await expectFailure(.badURL, "path") { try NATSSource("nats://h/S", stream: "S", durable: "d") }
    }
}
