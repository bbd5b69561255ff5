/// What made a batch leave.
public enum BatchTrigger: String, Hashable, Sendable {
    /// It is full.
    case size
    /// Its first message has waited as long as it may.
    case timeout
    /// One of its messages asked for it, or the pipeline drains.
    case flush
    /// The batcher keeps as many messages as it may, and this is its oldest batch.
    case pressure
}
