/// What the end of a producer does to a stage that is subscribed to it.
///
/// A stage without any producer finishes when it has handled what it got, whatever its modes are, once the body of
/// `withStages` has returned. Leaving a producer by ``Subscription/cancel(because:)`` never ends a stage before that.
public enum SubscriptionMode: Sendable {
    /// The stage ends with the producer: it leaves its other producers, and finishes after what it has received; if the
    /// producer ended with an error, the stage ends with that error.
    case permanent

    /// The stage ends if the producer ended with an error, and with that error; else it goes on with its other
    /// producers, and finishes after the last of them.
    case transient

    /// The stage goes on.
    case temporary
}

/// How a subscription ended.
public enum SubscriptionEnd: Sendable {
    /// The producer has no more events, and all were delivered.
    case finished

    /// One of the two stages, or the graph, ended it; the reason is what was said, if something was.
    case cancelled(because: (any Error)?)

    /// The producer failed and was not started afresh; what it had emitted before was delivered.
    case failed(any Error)

    /// The reason, if it was an error.
    public var error: (any Error)? {
        switch self {
        case .finished: nil
        case .cancelled(let reason): reason
        case .failed(let error): error
        }
    }
}
