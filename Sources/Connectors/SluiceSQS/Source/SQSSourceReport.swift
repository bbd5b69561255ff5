public import SluiceSinks

/// What a source of SQS messages tells of: what went wrong and did not end it.
public enum SQSSourceReport: Sendable {
    /// A receive failed; the next one follows after a time.
    case receiveFailed(SinkError, retryingIn: Duration)
    /// The visibility timeouts of so many messages were not extended: unless that succeeds later, they may be delivered
    /// a second time while they are still being handled.
    case extensionFailed(any Error, messages: Int)
}
