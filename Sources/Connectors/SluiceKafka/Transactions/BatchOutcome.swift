import SluiceSinks

/// What became of a batch.
enum BatchOutcome: Sendable {
    /// All of it is committed.
    case written(SinkPosition)
    /// These messages, one or more, are never taken, and none of them is committed or passed over. The same batch may come
    /// again without them.
    case refused([DeadLetter])
}
