public import SluiceSinks

/// What a source of stream entries tells of: what went wrong and did not end it.
public enum RedisStreamReport: Sendable {
    /// A read failed; the next one follows after a time.
    case readFailed(SinkError, retryingIn: Duration)
    /// Pending entries were deleted, or trimmed away, before they were handled: they are acknowledged.
    case entriesDeleted([RedisStreamEntry.ID])
    /// The idle times of so many entries did not begin anew: unless that succeeds later, another consumer may claim
    /// them while they are still being handled.
    case extensionFailed(any Error, entries: Int)
    /// Consumers were deleted that had no pending entries and gave no sign of life.
    case consumersDeleted([String])
}
