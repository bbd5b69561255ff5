import InMemoryLogging
import InMemoryTracing
import Logging
import MetricsTestKit
import Sluice
import SluiceObservability
import SluicePipelines
import Synchronization
import Testing
import Tracing

/// A pipeline of ten messages, of which some fail, seen from outside.
@Suite struct PipelineObservationTests {
    private struct Broken: Error {}

    private final class Acknowledging: Acknowledger {
        func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) throws {
            if !outcome.failed.isEmpty { throw Broken() }
        }
    }

    private struct Ten: Producer {
        var isDone = false

        mutating func handleDemand(_ demand: Int) -> [Message<Int>]? {
            if isDone { return nil }
            isDone = true
            let acknowledgements = Acknowledging().acknowledgements(of: (0..<10).map { .number($0) })
            return acknowledgements.enumerated().map { number, acknowledgement in
                let metadata = ["offset": "\(number)", "authorization": "secret"]
                return Message(number, metadata: metadata, acknowledgement: acknowledgement)
            }
        }
    }

    private struct Handler: PipelineHandler {
        func handle(_ message: Message<Int>) throws -> Message<Int> {
            if message.body == 3 { throw MessageFailure("three is refused") }
            if message.body == 4 { throw Broken() }
            return message
        }

        func handleBatch(_ batch: inout MessageBatch<Int>) { batch.fail(at: 0, because: MessageFailure("first")) }

        func handleFailed(_ batch: MessageBatch<Int>) throws { throw Broken() }
    }

    private func run<Handler: PipelineHandler>(
        _ handler: Handler,
        _ report: @escaping @Sendable (PipelineReport) -> Void
    ) async throws where Handler.Input == Int, Handler.Output == Int {
        try await Pipeline(
            source: Producers { _ in Ten() },
            processors: Processors(concurrency: 1, maxDemand: 10, minDemand: 0),
            batchers: [
                Batcher(size: .count(8), timeout: .seconds(1000)) { _ in throw Broken() }
            ],
            handler: handler,
            report: report
        ).run()
    }

    @Test func metrics() async throws {
        let factory = TestMetrics()
        let metrics = PipelineMetrics(pipeline: "orders", factory: factory)
        try await run(Handler()) { metrics.record($0) }

        func total(_ label: String, _ stage: String, _ more: (String, String)...) throws -> Int {
            Int(
                try factory.expectCounter(
                    "sluice_pipeline_\(label)_total",
                    [("pipeline", "orders"), ("stage", stage)] + more
                ).totalValue
            )
        }
        let (first, second) = ("processor 0", "batch processor default 0")
        #expect(try total("messages", first, ("outcome", "handled")) == 8)
        #expect(try total("messages", first, ("outcome", "failed")) == 2)
        #expect(try total("messages", second, ("outcome", "handled")) == 7)
        #expect(try total("failures", first, ("code", "refused")) == 1)
        #expect(try total("failures", first, ("code", "thrown")) == 1)
        #expect(try total("failures", second, ("code", "refused")) == 1)
        #expect(try total("unacknowledged", first) == 2)
        #expect(try total("unacknowledged", second) == 8)
        #expect(try total("dead_letters_failed", second) == 1)
        #expect(try total("failure_handler_failed", second) == 1)
        let dimensions = [("pipeline", "orders"), ("stage", second)]
        let sizes = try factory.expectRecorder(
            "sluice_pipeline_batch_size",
            dimensions + [("batcher", "default"), ("trigger", "size")]
        )
        #expect(sizes.values == [8])
        #expect(try factory.expectTimer("sluice_pipeline_handling_seconds", dimensions).values.count == 1)
    }

    @Test func log() async throws {
        let handler = InMemoryLogHandler()
        var logger = Logger(label: "orders") { _ in handler }
        logger.logLevel = .debug
        let log = PipelineLog(logger)
        try await run(Handler()) { log.record($0) }
        let lines = handler.entries.map { entry in
            let metadata = entry.metadata.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ", ")
            return "\(entry.level): \(entry.message) \(metadata)"
        }
        #expect(
            lines.first == "warning: Messages failed. sluice.code=thrown, sluice.message=offset=4, sluice.messages=2, "
                + "sluice.reason=Broken(), sluice.stage=processor 0"
        )
        #expect(lines.contains { $0.hasPrefix("debug: Messages failed. sluice.code=refused, sluice.message=offset=0") })
        #expect(lines.contains { $0.hasPrefix("error: The handler of failed messages threw.") })
        #expect(lines.contains { $0.hasPrefix("error: Failed messages could not be put aside") })
        #expect(lines.filter { $0.hasPrefix("error: Messages could not be acknowledged") }.count == 2)
        #expect(!lines.contains { $0.contains("secret") }, "Metadata that identify nothing are not logged")
    }

    @Test func spans() async throws {
        let tracer = InMemoryTracer()
        try await withTracer(tracer) {
            try await run(TracedHandler("orders", Handler())) { _ in }
        }
        let spans = tracer.finishedSpans
        #expect(spans.count { $0.operationName == "orders prepare" } == 1)
        #expect(spans.count { $0.operationName == "orders handle" } == 10)
        #expect(spans.count { $0.operationName == "orders handle" && $0.status?.code == .error } == 2)
        let batch = try #require(spans.first { $0.operationName == "orders handleBatch" })
        #expect(batch.attributes.get("sluice.received") == .int64(8))
        #expect(batch.attributes.get("sluice.trigger") == .string("size"))
        #expect(batch.attributes.get("sluice.batcher") == .string("default"))
        #expect(spans.count { $0.operationName == "orders handleFailed" } == 2)
    }
}
