/// Why a stage's task comes out of its loop before the stage has come to its end.
enum StageHalt: Sendable {
    /// The stage is started afresh.
    case restart
    /// A worker of the pool has failed.
    case failed
    /// The stage ends for good, because another has failed.
    case end(any Error)
}

/// How far a stage has come.
enum StagePhase {
    /// A source that may not run yet; other stages are never here.
    case held
    case running
    /// A source that emits no more, because of a drain or because its last consumer is gone.
    case draining
    /// Nothing will be received any more: the stage gives out what it keeps; sources and pools are never here.
    case closing
    /// Nothing will be emitted any more; what is held is still delivered.
    case finishing
    /// The task has ended, or is to end at once.
    case stopped
}
