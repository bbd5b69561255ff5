/// One stage's books, for checks of a whole graph at rest.
package struct StageBooks: Sendable {
    /// Emitted and not delivered.
    package let held: Int
    /// What the dispatcher could place when it was last asked.
    package let capacity: Int
    /// Everything ever emitted.
    package let emitted: Int
    /// Received and not given to the handler.
    package let waiting: Int
    /// The consumer's side of its subscriptions.
    package let incoming: [EdgeBooks]
    /// Asks that wait until what was emitted fits.
    package let deferredAsks: [AskBooks]
    /// Asks of consumers that the dispatcher has not seen.
    package let pendingAsks: [AskBooks]
}

/// One side of a subscription.
package struct EdgeBooks: Sendable {
    package let subscription: SubscriptionID
    package let asked: Int
    package let delivered: Int
}

/// Demand on its way.
package struct AskBooks: Sendable {
    package let subscription: SubscriptionID
    package let count: Int
}

/// What one stage knows of its subscriptions on both of its sides.
package struct StageSnapshot: Sendable {
    package let name: String
    package let kind: StageKind
    package let books: StageBooks
    /// The producer's side of its subscriptions.
    package let outgoing: [EdgeBooks]
}
