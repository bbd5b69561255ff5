public import Metrics
public import SluicePipelines

/// Tells a metrics system what a pipeline does.
///
/// ```swift
/// let metrics = PipelineMetrics(pipeline: "orders")
/// let pipeline = Pipeline(source: source, batchers: [Batcher()], handler: handler) { metrics.record($0) }
/// ```
///
/// Every metric has the dimensions `pipeline` and `stage`, which are names: `processor 0`, `batch processor default 0`.
/// Counters go on for as long as the pipeline, whoever looks.
///
/// | label | kind | meaning |
/// |---|---|---|
/// | `sluice_pipeline_messages_total` | counter | messages that the stage has handled, by `outcome`: `handled` or `failed` |
/// | `sluice_pipeline_handling_seconds` | timer | from taking messages, or a batch, to the end of handling them; with their acknowledgement where they end |
/// | `sluice_pipeline_batch_size` | recorder | messages in a batch, by `batcher` and `trigger`: `size`, `timeout`, `flush` or `pressure` |
/// | `sluice_pipeline_failures_total` | counter | messages that failed, by `code`: `refused`, `thrown`, `timedOut`, `unknownBatcher` or `wrongMessages` |
/// | `sluice_pipeline_unacknowledged_total` | counter | messages that an acknowledger threw for: they may come again |
/// | `sluice_pipeline_dead_letters_failed_total` | counter | failed messages that could not be put aside |
/// | `sluice_pipeline_failure_handler_failed_total` | counter | calls of a handler of failed messages that threw |
///
/// What the stages hold, and what they wait for, is told by ``StageMetrics`` of the graph in which a pipeline is started.
public struct PipelineMetrics: Sendable {
    private let pipeline: String
    private let factory: any MetricsFactory

    /// Says which pipeline, and to whom.
    ///
    /// - Parameters:
    ///   - pipeline: The dimension `pipeline` of every metric.
    ///   - factory: Makes the metrics.
    public init(pipeline: String, factory: any MetricsFactory = MetricsSystem.factory) {
        self.pipeline = pipeline
        self.factory = factory
    }

    /// Records what a report tells; for the `report` of a pipeline.
    public func record(_ report: PipelineReport) {
        switch report {
        case .handled(let handled): record(handled)
        case .failed(let stage, let failures):
            for failure in failures { add(1, .failures, stage, ("code", "\(failure.reason.code)")) }
        case .failureHandlerFailed(let stage, _): add(1, .failureHandlerFailed, stage)
        case .deadLettersFailed(let stage, _, let messages): add(messages, .deadLettersFailed, stage)
        case .acknowledgementFailed(let stage, _, let messages): add(messages, .unacknowledged, stage)
        }
    }

    private func record(_ handled: PipelineReport.Handled) {
        add(handled.messages - handled.failed, .messages, handled.stage, ("outcome", "handled"))
        add(handled.failed, .messages, handled.stage, ("outcome", "failed"))
        Timer(
            label: PipelineMetricLabel.handling.rawValue,
            dimensions: dimensions(handled.stage),
            factory: factory
        ).record(duration: handled.duration)
        guard let batch = handled.batch else { return }
        Recorder(
            label: PipelineMetricLabel.batchSize.rawValue,
            dimensions: dimensions(handled.stage) + [("batcher", batch.batcher), ("trigger", batch.trigger.rawValue)],
            factory: factory
        ).record(batch.size)
    }

    private func add(_ count: Int, _ label: PipelineMetricLabel, _ stage: String, _ more: (String, String)...) {
        Counter(label: label.rawValue, dimensions: dimensions(stage) + more, factory: factory).increment(by: count)
    }

    private func dimensions(_ stage: String) -> [(String, String)] {
        [("pipeline", pipeline), ("stage", stage)]
    }
}
