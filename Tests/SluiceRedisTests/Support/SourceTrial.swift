import Sluice
import SluicePipelines
import SluiceRedis
import SluiceTesting
import Testing

/// A stream with the group `readers`, and pipelines from it.
struct SourceTrial: Sendable {
    typealias Options = RedisStreamSource.Options

    let server: RedisServer
    let stream: String

    /// Makes an empty stream.
    init(_ stream: String, on server: RedisServer? = nil) async throws {
        if let server { self.server = server } else { self.server = try await .shared() }
        self.stream = stream
        try await self.server.run("XGROUP", "CREATE", stream, "readers", "0", "MKSTREAM")
    }

    func add(_ values: [String]) async throws {
        try await server.add(values, to: stream)
    }

    /// Gives entries to a consumer that does nothing with them.
    func give(_ count: Int, to consumer: String) async throws {
        try await server.run(
            "XREADGROUP",
            "GROUP",
            "readers",
            consumer,
            "COUNT",
            "\(count)",
            "STREAMS",
            stream,
            ">"
        )
    }

    var pendingCount: Int {
        get async throws { try await server.run("XPENDING", stream, "readers")[0]?.integer ?? -1 }
    }

    /// Whether somebody waits for new entries, of whichever stream of the server.
    var isBlocked: Bool {
        get async throws {
            let clients = try await server.run("CLIENT", "LIST").text ?? ""
            return clients.split(separator: "\n").contains { $0.contains("flags=b") }
        }
    }

    func source(
        behind proxy: FaultProxy? = nil,
        _ change: (inout Options) -> Void = { _ in },
        report: (@Sendable (RedisStreamReport) -> Void)? = nil
    ) throws -> RedisStreamSource {
        var options = Options()
        options.block = .milliseconds(500)
        change(&options)
        // The network may fail only where a test lets it.
        let report = report ?? { Issue.record("\($0)") }
        let port = proxy?.port ?? server.port
        return try RedisStreamSource(
            "redis://127.0.0.1:\(port)",
            stream: stream,
            group: "readers",
            options: options,
            report: report
        )
    }

    typealias Handler = Handling<RedisStreamEntry, RedisStreamEntry>

    func pipeline(
        _ deliveries: Deliveries,
        _ change: @escaping @Sendable (inout Options) -> Void = { _ in },
        processors: Processors<RedisStreamEntry> = Processors(concurrency: 2),
        batchers: [Batcher<RedisStreamEntry>] = [],
        behind proxy: FaultProxy? = nil,
        report: (@Sendable (RedisStreamReport) -> Void)? = nil,
        reportsPipeline: (@Sendable (PipelineReport) -> Void)? = nil,
        handle: @escaping @Sendable (Message<RedisStreamEntry>, _ times: Int) async throws -> Void = { _, _ in }
    ) -> Pipeline<RedisStreamSource, Handler> {
        Pipeline(
            source: Producers { _ in try source(behind: proxy, change, report: report) },
            processors: processors,
            batchers: batchers,
            handler: Handling { (message: Message<RedisStreamEntry>) in
                defer { deliveries.finish() }
                try await handle(message, deliveries.add(message))
                return message
            }
        ) { report in
            if let reportsPipeline { return reportsPipeline(report) }
            if case .acknowledgementFailed = report { Issue.record("\(report)") }
        }
    }

    /// Runs a pipeline until its handler was called so often, and lets it drain.
    func run(
        _ change: @escaping @Sendable (inout Options) -> Void = { _ in },
        processors: Processors<RedisStreamEntry> = Processors(concurrency: 2),
        batchers: [Batcher<RedisStreamEntry>] = [],
        behind proxy: FaultProxy? = nil,
        report: (@Sendable (RedisStreamReport) -> Void)? = nil,
        reportsPipeline: (@Sendable (PipelineReport) -> Void)? = nil,
        until isEnough: @escaping @Sendable (Deliveries.State) -> Bool,
        handle: @escaping @Sendable (Message<RedisStreamEntry>, _ times: Int) async throws -> Void = { _, _ in }
    ) async throws -> Deliveries {
        let deliveries = Deliveries()
        let pipeline = pipeline(
            deliveries,
            change,
            processors: processors,
            batchers: batchers,
            behind: proxy,
            report: report,
            reportsPipeline: reportsPipeline,
            handle: handle
        )
        try await pipeline.run { running in
            await deliveries.wait(until: isEnough)
            running.drain()
        }
        return deliveries
    }
}
