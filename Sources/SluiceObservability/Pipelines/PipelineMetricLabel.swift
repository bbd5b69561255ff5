/// The labels of the metrics of pipelines; what they mean is told at ``PipelineMetrics``.
enum PipelineMetricLabel: String {
    case messages = "sluice_pipeline_messages_total"
    case handling = "sluice_pipeline_handling_seconds"
    case batchSize = "sluice_pipeline_batch_size"
    case failures = "sluice_pipeline_failures_total"
    case unacknowledged = "sluice_pipeline_unacknowledged_total"
    case deadLettersFailed = "sluice_pipeline_dead_letters_failed_total"
    case failureHandlerFailed = "sluice_pipeline_failure_handler_failed_total"
}
