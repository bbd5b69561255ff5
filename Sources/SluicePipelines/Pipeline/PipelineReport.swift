/// What a pipeline tells of while it runs: what it has handled, and what went wrong and did not end it.
public enum PipelineReport: Sendable {
    /// A processor has handled what it took together, or a batch processor a batch; acknowledged, too, what ends there.
    case handled(Handled)
    /// A handler let messages fail.
    ///
    /// Foreseen failures, with ``MessageFailure/Code/refused``, are told as well: they are for counting, not for the log.
    case failed(stage: String, failures: [Failure])
    /// A handler of failed messages threw; they are acknowledged as failed all the same.
    case failureHandlerFailed(stage: String, error: any Error)
    /// Failed messages could not be put aside; they are acknowledged as failed.
    case deadLettersFailed(stage: String, error: any Error, messages: Int)
    /// An acknowledger threw: the source may deliver so many messages again.
    case acknowledgementFailed(stage: String, error: any Error, messages: Int)

    /// Messages that were handled together.
    public struct Handled: Sendable {
        /// The stage's name.
        public var stage: String
        /// How many there were, at least 1.
        public var messages: Int
        /// How many of them failed.
        public var failed: Int
        /// How long it took, with the acknowledgement of those that end there.
        public var duration: Duration
        /// The batch; `nil` of a processor.
        public var batch: BatchInfo?

        @usableFromInline
        init(stage: String, messages: Int, failed: Int, duration: Duration, batch: BatchInfo?) {
            self.stage = stage
            self.messages = messages
            self.failed = failed
            self.duration = duration
            self.batch = batch
        }
    }

    /// A message that failed.
    public struct Failure: Sendable {
        /// The message's, by which it can be found; nothing of its body.
        public var metadata: [String: String]
        /// Why it failed.
        public var reason: MessageFailure

        @usableFromInline
        init(metadata: [String: String], reason: MessageFailure) {
            self.metadata = metadata
            self.reason = reason
        }
    }
}
