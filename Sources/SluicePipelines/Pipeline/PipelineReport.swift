/// What a pipeline tells of: what went wrong and did not end it.
public enum PipelineReport: Sendable {
    /// A handler let messages fail.
    ///
    /// Foreseen failures, with ``MessageFailure/Code/refused``, are told as well: they are for counting, not for the log.
    case failed(stage: String, failures: [MessageFailure])
    /// A handler of failed messages threw; they are acknowledged as failed all the same.
    case failureHandlerFailed(stage: String, error: any Error)
    /// An acknowledger threw: the source may deliver so many messages again.
    case acknowledgementFailed(stage: String, error: any Error, messages: Int)
}
