import ConnectorTesting
import Sluice
import SluicePipelines
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
        _ change: (inout Options) -> Void = { _ in }
    ) -> Producers<SQSSource> {
        var options = Options()
        // moto looks once in a second.
        options.waitTimeSeconds = 2
        change(&options)
        var environment = queue.environment
        if let proxy { environment["AWS_ENDPOINT_URL_SQS"] = "http://127.0.0.1:\(proxy.port)" }
        return Producers { [options, environment] _ in
            try SQSSource(queue.url, options: options, environment: environment) { report in
                // The network may fail only where a test lets it.
                if proxy == nil { Issue.record("\(report)") }
            }
        }
    }

    /// Runs a pipeline until its handler was called so often, and lets it drain.
    private static func run(
        _ source: Producers<SQSSource>,
        _ processors: Processors<String> = Processors(concurrency: 2),
        batchers: [Batcher<String>] = [],
        until count: Int,
        deliveries: Deliveries = Deliveries(),
        _ handle: @escaping @Sendable (Message<String>, _ times: Int) async throws -> Void = { _, _ in }
    ) async throws -> Deliveries {
        let pipeline = Pipeline(
            source: source,
            processors: processors,
            batchers: batchers,
            handler: Handling { (message: Message<String>) in
                try await handle(message, deliveries.add(message))
                return message
            }
        ) { report in
            if case .acknowledgementFailed = report { Issue.record("\(report)") }
        }
        try await pipeline.run { running in
            await deliveries.wait(for: count)
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
            until: bodies.count
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
        let deliveries = try await Self.run(source, until: 3) { message, times in
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
        _ = try await Self.run(Self.source(queue) { $0.onFailure = .delete }, until: 1) { _, _ in throw Refused() }
        #expect(try await queue.count() == 0)
    }

    @Test(.timeLimit(.minutes(1))) func aDrainEndsALongPoll() async throws {
        let queue = try await Self.queue("idle")
        let proxy = try await Self.proxy(to: queue)
        let (deliveries, clock) = (Deliveries(), ContinuousClock())
        let pipeline = Pipeline(
            source: Self.source(queue, behind: proxy) { $0.waitTimeSeconds = 20 },
            handler: Handling { (message: Message<String>) in
                deliveries.add(message)
                return message
            }
        )
        var start = clock.now
        try await pipeline.run { running in
            while proxy.connectionCount == 0 { await Task.yield() }
            start = clock.now
            running.drain()
        }
        #expect(clock.now - start < .seconds(10))
        #expect(deliveries.bodies.isEmpty)
        // Nothing of the source is left that would hold a connection.
        while proxy.connectionCount > 0 { await Task.yield() }
    }

    private static func proxy(to queue: Queue) async throws -> FaultProxy {
        try FaultProxy(to: #require(queue.server.url.split(separator: ":").last.flatMap { Int($0) }))
    }
}
