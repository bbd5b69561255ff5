import ConnectorTesting
import NATSTesting
import SinkTesting
import Sluice
import SluicePipelines
import SluiceSinks
import Synchronization
import Testing

@testable import SluiceNATS

/// Pipelines from a real server.
@Suite(.timeLimit(.minutes(5))) struct LiveSourceTests {
    typealias Options = NATSSource.Options

    private struct Refused: Error {}

    private static func source(
        _ server: NATSServer,
        concurrency: Int = 1,
        _ change: (inout Options) -> Void = { _ in },
        report: (@Sendable (NATSSourceReport) -> Void)? = nil
    ) -> Producers<NATSSource> {
        var options = Options()
        change(&options)
        return Producers(concurrency: concurrency) { [options, url = server.url] _ in
            // The server ends with a test, and perhaps before the last connection to it is closed.
            let report = report ?? { if case .disconnected = $0 {} else { Issue.record("\($0)") } }
            return try NATSSource(url, stream: "S", durable: "d", options: options, report: report)
        }
    }

    private static func server() async throws -> (NATSServer, NATSClient) {
        let server = try NATSServer()
        let client = try await NATSClient.connect(server.url)
        try await client.createStream("S", subjects: ["s.>"])
        return (server, client)
    }

    /// Runs a pipeline until its handler was called often enough, and lets it drain.
    @discardableResult
    private static func run(
        _ source: Producers<NATSSource>,
        _ processors: Processors<[UInt8]> = Processors(concurrency: 2),
        batchers: [Batcher<[UInt8]>] = [],
        deliveries: Deliveries = Deliveries(),
        until isEnough: @escaping @Sendable (Deliveries) async throws -> Bool,
        _ handle: @escaping @Sendable (Message<[UInt8]>, _ times: Int) async throws -> Void = { _, _ in }
    ) async throws -> Deliveries {
        let pipeline = Pipeline(
            source: source,
            processors: processors,
            batchers: batchers,
            handler: Handling { (message: Message<[UInt8]>) in
                defer { deliveries.finish() }
                try await handle(message, deliveries.add(message))
                return message
            }
        ) { report in
            if case .acknowledgementFailed = report { Issue.record("\(report)") }
        }
        try await pipeline.run { running in
            do {
                try await wait { try await isEnough(deliveries) }
            } catch {
                Issue.record(
                    "\(deliveries.finished) were handled, \(deliveries.distinct) different ones\n\(running.snapshot)"
                )
                throw error
            }
            running.drain()
        }
        return deliveries
    }

    private static func publish(_ bodies: [String], _ client: NATSClient, subject: String = "s.a") async throws {
        try await client.publish(bodies.map { (subject, $0) })
    }

    /// The server takes a moment to count acknowledgements.
    private static func expectNothingLeft(_ client: NATSClient) async throws {
        var left: NATSClient.Consumer?
        do {
            try await wait {
                left = try await client.consumer("d", of: "S")
                return left?.isEmpty == true
            }
        } catch {
            Issue.record("The consumer still has \(left.map { "\($0)" } ?? "not been seen")")
            throw error
        }
    }

    @Test(arguments: [false, true]) func eachMessageIsHandledOnceAndAcknowledged(isBatched: Bool) async throws {
        let (server, client) = try await Self.server()
        let bodies = (0..<500).map { "{\"ä\":\"\($0)\"}" }
        try await Self.publish(bodies, client)
        let deliveries = try await Self.run(
            Self.source(server),
            batchers: isBatched ? [Batcher(size: .count(10), timeout: .milliseconds(200))] : [],
            until: { $0.finished == 500 }
        )
        #expect(deliveries.bodies.sorted() == bodies.sorted())
        #expect(deliveries.messages.allSatisfy { $0.metadata["NumDelivered"] == "1" })
        try await Self.expectNothingLeft(client)
    }

    @Test func messagesTellWhatJetStreamTells() async throws {
        let (server, client) = try await Self.server()
        try await client.publish("x", to: "s.b", header: ("Nats-Msg-Id", "id-1"))
        let deliveries = try await Self.run(Self.source(server), until: { $0.finished == 1 })
        let metadata = try #require(deliveries.messages.first?.metadata)
        let expected = [
            "Subject": "s.b", "Stream": "S", "Consumer": "d", "NumDelivered": "1", "Sequence.Stream": "1",
            "Sequence.Consumer": "1", "NumPending": "0", "Header.Nats-Msg-Id": "id-1",
        ]
        #expect(metadata.filter { $0.key != "Timestamp" } == expected)
        #expect(metadata["Timestamp"].flatMap { Int($0) } ?? 0 > 1_700_000_000_000_000_000)
    }

    @Test(arguments: [Options.FailedMessage.leave, .nak(), .nak(delay: .milliseconds(100))])
    func whatFailsComesBack(_ onFailure: Options.FailedMessage) async throws {
        let (server, client) = try await Self.server()
        try await Self.publish(["good", "bad"], client)
        // Given back, it does not wait for the ack wait, which the test would not live to see.
        let source = Self.source(server) {
            $0.onFailure = onFailure
            $0.ackWait = onFailure == .leave ? .milliseconds(500) : .seconds(3600)
        }
        let deliveries = try await Self.run(source, until: { $0.finished == 3 }) { message, times in
            if message.text == "bad", times == 1 { throw Refused() }
        }
        #expect(deliveries.bodies.sorted() == ["bad", "bad", "good"])
        let counts = deliveries.messages.filter { $0.text == "bad" }.map { $0.metadata["NumDelivered"] }
        #expect(counts == ["1", "2"])
        try await Self.expectNothingLeft(client)
    }

    @Test func whatFailsMayEnd() async throws {
        let (server, client) = try await Self.server()
        try await Self.publish(["bad"], client)
        try await Self.run(Self.source(server) { $0.onFailure = .term }, until: { $0.finished == 1 }) { _, _ in
            throw Refused()
        }
        try await Self.expectNothingLeft(client)
    }

    @Test func aSlowHandlerKeepsItsMessage() async throws {
        let (server, client) = try await Self.server()
        try await Self.publish(["slow"], client)
        let clock = ContinuousClock()
        // Another processor is free for a second delivery, and the ack wait is the server's.
        let source = Self.source(server) { $0.ackWait = .seconds(5) }
        let deliveries = try await Self.run(source, until: { $0.finished == 1 }) { _, _ in
            try await clock.sleep(for: .seconds(12))
        }
        #expect(deliveries.messages.map { $0.metadata["NumDelivered"] } == ["1"])
        try await Self.expectNothingLeft(client)
    }

    @Test func withoutExtensionASlowHandlersMessageComesTwice() async throws {
        let (server, client) = try await Self.server()
        try await Self.publish(["slow"], client)
        let source = Self.source(server) {
            $0.ackWait = .milliseconds(300)
            $0.maxExtension = .zero
        }
        let deliveries = Deliveries()
        try await Self.run(source, deliveries: deliveries, until: { $0.messages.count == 2 }) { _, times in
            // Until the second delivery is there.
            if times == 1 { try await wait { deliveries.messages.count == 2 } }
        }
        #expect(deliveries.bodies == ["slow", "slow"])
    }

    @Test func aPullAsksForNoMoreThanIsWanted() async throws {
        let (server, client) = try await Self.server()
        try await Self.publish((0..<100).map { "\($0)" }, client)
        let processors = Processors<[UInt8]>(concurrency: 2, maxDemand: 3)
        let counts = Mutex<[Int]>([])
        let isOpen = Atomic(false)
        // Nothing is acknowledged as long as all handlers are held: so what the server has handed out is what was asked for.
        let looked: @Sendable (Deliveries) async throws -> Bool = { deliveries in
            if !isOpen.load(ordering: .relaxed) {
                let count = try await client.consumer("d", of: "S")?.unacknowledged ?? 0
                let times = counts.withLock { counts in
                    counts.append(count)
                    return counts.count { $0 >= 6 }
                }
                if times == 50 { isOpen.store(true, ordering: .relaxed) }
            }
            return deliveries.finished == 100
        }
        try await Self.run(Self.source(server), processors, until: looked) { _, _ in
            try await wait { isOpen.load(ordering: .relaxed) }
        }
        #expect(counts.withLock { $0.max() } == 6)
        try await Self.expectNothingLeft(client)
    }

    @Test func aDrainEndsAnIdleWaitAndTheServerForgetsTheRequest() async throws {
        let (server, client) = try await Self.server()
        let deliveries = try await Self.run(
            Self.source(server) { $0.expires = .seconds(300) },
            until: { _ in try await client.consumer("d", of: "S")?.waitingRequests == 1 }
        )
        #expect(deliveries.bodies.isEmpty)
        try await Self.expectNothingLeft(client)
        // Nobody else's request is in the way of the next pipeline.
        try await Self.publish(["next"], client)
        let others = try await Self.run(Self.source(server), until: { $0.finished == 1 })
        #expect(others.messages.map { $0.metadata["NumDelivered"] } == ["1"])
    }

    @Test func afterADrainComesWhatWasGivenBackAndNothingElse() async throws {
        let (server, client) = try await Self.server()
        var options = Options()
        options.ackWait = .seconds(3600)
        options.onFailure = .nak()
        let make = { [options] in try NATSSource(server.url, stream: "S", durable: "d", options: options) }
        var messages: [Message<[UInt8]>] = []
        do {
            var source = try make()
            try await Self.publish(["bad", "good"], client)
            // It asks for more than there is, and so the server still has its request at the end.
            while messages.count < 2 { messages += try await source.handleDemand(5) ?? [] }
        }
        messages[0].fail(because: MessageFailure("The test lets it fail"))
        for message in messages.reversed() { try await message.acknowledge() }
        try await Self.publish(["last"], client)
        var next = try make()
        var found: [String] = []
        while !found.contains("last") { found += try await next.handleDemand(5)?.map(\.text) ?? [] }
        #expect(found == ["bad", "last"])
    }

    @Test func aSourceThatWaitsForAnotherIsNotTakenForLost() async throws {
        let (server, client) = try await Self.server()
        try await Self.publish(["first", "second"], client)
        // Two producers; the second one's request waits until the first one's message is acknowledged, for longer than a
        // silent server is waited for, which is twice its heartbeat and a second.
        let source = Self.source(server, concurrency: 2) {
            $0.maxAckPending = 1
            $0.expires = .seconds(1)
        }
        let clock = ContinuousClock()
        let deliveries = try await Self.run(source, until: { $0.finished == 2 }) { message, _ in
            if message.text == "first" { try await clock.sleep(for: .seconds(4)) }
        }
        #expect(deliveries.bodies == ["first", "second"])
    }

    @Test func messagesStayInOrder() async throws {
        let (server, client) = try await Self.server()
        let bodies = (0..<300).map { "\(["a", "b", "c"][$0 % 3])-\($0)" }
        try await client.publish(bodies.map { ("s.\($0.prefix(1))", $0) })
        let deliveries = try await Self.run(
            Self.source(server),
            Processors(concurrency: 3, partitionedBy: { $0.metadata["Subject"] ?? "" }),
            until: { $0.finished == 300 }
        )
        for key in ["a", "b", "c"] {
            #expect(deliveries.bodies.filter { $0.hasPrefix(key) } == bodies.filter { $0.hasPrefix(key) })
        }
    }

    @Test func onlyTheSubjectsThatAreWantedCome() async throws {
        let (server, client) = try await Self.server()
        try await client.publish([("s.a", "1"), ("s.b", "2"), ("s.a", "3")])
        let deliveries = try await Self.run(
            Self.source(server) { $0.filterSubject = "s.a" },
            until: { $0.finished == 2 }
        )
        #expect(deliveries.bodies.sorted() == ["1", "3"])
    }

    @Test func nothingIsLostWhenTheServerIsKilled() async throws {
        let (server, client) = try await Self.server()
        let bodies = (0..<2000).map { "\($0)" }
        try await Self.publish(bodies, client)
        let reports = Mutex<[String]>([])
        let source = Self.source(server) {
            $0.ackWait = .seconds(1)
        } report: { report in
            reports.withLock { $0.append("\(report)") }
        }
        let deliveries = Deliveries()
        // What it had not written down of the acknowledgements, the server delivers again.
        let isOver: @Sendable (Deliveries) async throws -> Bool = { deliveries in
            guard deliveries.distinct == 2000, let left = try await client.consumer("d", of: "S") else { return false }
            return left.pending == 0 && left.unacknowledged == 0
        }
        try await Self.run(source, deliveries: deliveries, until: isOver) { message, times in
            guard times == 1, message.text == "300" || message.text == "1200" else { return }
            server.kill()
            try server.start()
        }
        #expect(Set(deliveries.bodies) == Set(bodies))
        #expect(reports.withLock { $0.contains { $0.contains("disconnected") } })
        #expect(reports.withLock { $0.contains { $0.contains("reconnected") } })
    }

    @Test func itWaitsForAServerThatIsNotThereYet() async throws {
        let (server, client) = try await Self.server()
        try await Self.publish(["x"], client)
        server.kill()
        let source = Self.source(server) { _ in
        } report: { report in
            // Not before it was seen to be away.
            if case .pullFailed(let error, _) = report, error.code == .unavailable { try? server.start() }
        }
        let deliveries = try await Self.run(source, until: { $0.finished == 1 })
        #expect(deliveries.bodies == ["x"])
    }
}
