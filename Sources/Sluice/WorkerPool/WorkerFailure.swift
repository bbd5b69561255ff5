/// An event that a pool could not work on.
public struct WorkerFailure<Event: Sendable>: Sendable {
    /// The event.
    public var event: Event

    /// What the last attempt threw.
    public var error: any Error

    /// How many attempts were made, at least 1.
    public var attempts: Int

    /// Makes a failure.
    public init(event: Event, error: any Error, attempts: Int) {
        self.event = event
        self.error = error
        self.attempts = attempts
    }
}

/// What a pool does with an event whose last attempt has failed.
public enum FailureAction<Event: Sendable>: Sendable {
    /// The error fails the whole graph, as in any other stage.
    case failStage

    /// The event goes to the closure, and the pool goes on.
    ///
    /// The closure runs in the worker's task, before the event's slot is free; what it throws fails the whole graph. It
    /// is not called for events that a cancellation of the graph drops.
    case report(@Sendable (WorkerFailure<Event>) async throws -> Void)
}

/// An attempt of a pool's worker took longer than it may.
public struct WorkerTimeout: Error, Hashable, Sendable, CustomStringConvertible {
    /// How long it was given.
    public var timeout: Duration

    /// Makes the error.
    public init(timeout: Duration) {
        self.timeout = timeout
    }

    /// What happened.
    public var description: String { "the attempt took longer than \(timeout)" }
}
