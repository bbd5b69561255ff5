import ConnectorTesting
import Sluice
import SluicePipelines
import SluiceSinks
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceSQS

/// Pipelines from a queue of moto's server, which verifies signatures.
@Suite struct LiveSourceTests {
    typealias Options = SQSSource.Options

    private struct Refused: Error {}

    private static func queue(_ name: String, attributes: String = "VisibilityTimeout=30") async throws -> Queue {
        let (server, key) = try await LocalAWS.verifying()
        return try await Queue(name, on: server, as: key, attributes: attributes)
    }

    private static func source(
        _ queue: Queue,
        behind proxy: FaultProxy? = nil,
        _ change: (inout Options) -> Void = { _ in },
        report: (@Sendable (SQSSourceReport) -> Void)? = nil
    ) -> Producers<SQSSource> {
        var options = Options()
        // moto looks once in a second.
        options.waitTimeSeconds = 2
        change(&options)
        var environment = queue.environment
        if let proxy { environment["AWS_ENDPOINT_URL_SQS"] = "http://127.0.0.1:\(proxy.port)" }
        return Producers { [options, environment] _ in
            // The network may fail only where a test lets it.
            let report = report ?? { if !$0.isOfMoto { Issue.record("\($0)") } }
            return try SQSSource(queue.url, options: options, environment: environment, report: report)
        }
    }

    /// Runs a pipeline until its handler was called so often, and lets it drain.
    private static func run(
        _ source: Producers<SQSSource>,
        _ processors: Processors<String> = Processors(concurrency: 2),
        batchers: [Batcher<String>] = [],
        until isEnough: @escaping @Sendable (Deliveries.State) -> Bool,
        _ handle: @escaping @Sendable (Message<String>, _ times: Int) async throws -> Void = { _, _ in }
    ) async throws -> Deliveries {
        let deliveries = Deliveries()
        let pipeline = Pipeline(
            source: source,
            processors: processors,
            batchers: batchers,
            handler: Handling { (message: Message<String>) in
                defer { deliveries.finish() }
                try await handle(message, deliveries.add(message))
                return message
            }
        ) { report in
            if case .acknowledgementFailed = report { Issue.record("\(report)") }
        }
        try await pipeline.run { running in
            await deliveries.wait(until: isEnough)
            running.drain()
        }
        return deliveries
    }

    @Test(arguments: [false, true]) func eachMessageIsHandledOnceAndDeleted(isBatched: Bool) async throws {
        let queue = try await Self.queue("source-\(isBatched)")
        let bodies = (0..<25).map { "{\"ä\":\"\($0)\\u0000\"}" }
        try await queue.send(bodies)
        let deliveries = try await Self.run(
            Self.source(queue),
            batchers: isBatched ? [Batcher(size: .count(10), timeout: .milliseconds(200))] : [],
            until: { $0.finished == 25 }
        )
        #expect(deliveries.bodies.sorted() == bodies.sorted())
        let metadata = try #require(deliveries.messages.first?.metadata)
        #expect(metadata["ApproximateReceiveCount"] == "1")
        #expect(metadata["SentTimestamp"].flatMap { Int($0) } ?? 0 > 1_700_000_000_000)
        #expect(metadata["MessageId"]?.isEmpty == false)
        #expect(try await queue.count() == 0)
    }

    @Test(arguments: [Options.FailedMessage.leave, .return])
    func whatFailsComesBack(_ onFailure: Options.FailedMessage) async throws {
        // Returned, it does not wait for the timeout, which the test would not live to see.
        let timeout = onFailure == .leave ? 1 : 3600
        let queue = try await Self.queue("failing-\(timeout)", attributes: "VisibilityTimeout=\(timeout)")
        try await queue.send(["good", "bad"])
        let source = Self.source(queue) { $0.onFailure = onFailure }
        let deliveries = try await Self.run(source, until: { $0.finished == 3 }) { message, times in
            if message.body == "bad", times == 1 { throw Refused() }
        }
        #expect(deliveries.bodies.sorted() == ["bad", "bad", "good"])
        let counts = deliveries.messages.filter { $0.body == "bad" }.map { $0.metadata["ApproximateReceiveCount"] }
        #expect(counts == ["1", "2"])
        #expect(try await queue.count() == 0)
    }

    @Test func whatFailsMayBeDeleted() async throws {
        let queue = try await Self.queue("deleting")
        try await queue.send(["bad"])
        _ = try await Self.run(Self.source(queue) { $0.onFailure = .delete }, until: { $0.finished == 1 }) { _, _ in
            throw Refused()
        }
        #expect(try await queue.count() == 0)
    }

    @Test(.timeLimit(.minutes(5))) func aDrainEndsALongPoll() async throws {
        let queue = try await Self.queue("idle")
        let proxy = try await Self.proxy(to: queue)
        // The poll is never answered: one that is not ended by the drain would end as a failure, and be reported.
        proxy.change { $0.isHalfOpen = true }
        let deliveries = Deliveries()
        let pipeline = Pipeline(
            source: Self.source(queue, behind: proxy) { options in
                options.timeout = .seconds(1)
                options.visibilityTimeout = .seconds(30)
            },
            handler: Handling { (message: Message<String>) in
                _ = deliveries.add(message)
                return message
            }
        )
        try await pipeline.run { running in
            while proxy.connectionCount == 0 { await Task.yield() }
            running.drain(within: nil)
        }
        #expect(deliveries.bodies.isEmpty)
    }

    @Test func aSlowHandlerKeepsItsMessage() async throws {
        let queue = try await Self.queue("slow", attributes: "VisibilityTimeout=5")
        try await queue.send(["slow"])
        let clock = ContinuousClock()
        // Another processor is free for a second delivery, and the timeout is moto's.
        let deliveries = try await Self.run(Self.source(queue), until: { $0.finished == 1 }) { _, _ in
            try await clock.sleep(for: .seconds(12))
        }
        #expect(deliveries.messages.map { $0.metadata["ApproximateReceiveCount"] } == ["1"])
        #expect(try await queue.count() == 0)
    }

    @Test func groupsOfAFIFOQueueStayInOrder() async throws {
        let queue = try await Self.queue("groups.fifo", attributes: "FifoQueue=true,VisibilityTimeout=30")
        let bodies = (0..<18).map { "\(["a", "b", "c"][$0 % 3])-\($0)" }
        try await queue.send(bodies) { "\($0.prefix(1))" }
        let deliveries = try await Self.run(
            Self.source(queue),
            Processors(concurrency: 3, partitionedBy: { $0.metadata["MessageGroupId"] ?? "" }),
            until: { $0.finished == 18 }
        )
        for group in ["a", "b", "c"] {
            let found = deliveries.messages.filter { $0.metadata["MessageGroupId"] == group }.map(\.body)
            #expect(found == bodies.filter { $0.hasPrefix(group) })
        }
        #expect(try await queue.count() == 0)
    }

    @Test func nothingIsLostWhenConnectionsBreak() async throws {
        let queue = try await Self.queue("cut", attributes: "VisibilityTimeout=3")
        let proxy = try await Self.proxy(to: queue)
        let bodies = (0..<30).map { "\($0)" }
        try await queue.send(bodies)
        let outages = Mutex(0)
        let source = Self.source(
            queue,
            behind: proxy,
            report: { _ in
                outages.withLock { $0 += 1 }
                proxy.change { $0.refusesConnections = false }
            }
        )
        let deliveries = try await Self.run(source, until: { Set($0.messages.map(\.body)).count == 30 }) { message, _ in
            if message.body == "10" { proxy.change { $0.refusesConnections = true } }
            if Int(message.body).map({ $0 % 7 == 3 }) ?? false { proxy.cut() }
        }
        #expect(Set(deliveries.bodies) == Set(bodies))
        #expect(outages.withLock { $0 } > 0)
        #expect(try await queue.count() == 0)
    }

    private static func proxy(to queue: Queue) async throws -> FaultProxy {
        try FaultProxy(to: #require(queue.server.url.split(separator: ":").last.flatMap { Int($0) }))
    }
}

extension SQSSourceReport {
    /// Whether it is moto's own failure: one thread goes through the messages that are hidden while another removes one, as
    /// when a receive and a deletion meet, and the answer is 500. The source asks again.
    fileprivate var isOfMoto: Bool {
        if case .receiveFailed(let error, _) = self { error.message.contains("status 500") } else { false }
    }
}
