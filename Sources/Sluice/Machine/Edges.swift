/// A producer as its consumers reach it.
///
/// Every method goes straight into the producer's machine, from any thread, and never waits for its handler.
protocol Upstream: AnyObject, Sendable {
    var id: StageID { get }
    var name: String { get }

    /// Takes what a consumer says, and delivers what follows from it.
    ///
    /// - Parameters:
    ///   - content: What it says.
    ///   - subscription: Which of its subscriptions it is about.
    ///   - signals: To it is added what the stage in its turn says to its own producers.
    func receive(_ content: Signal.Content, for subscription: SubscriptionID, _ signals: inout ShortQueue<Signal>)
}

/// A consumer as its producers reach it, under their delivery right: so each subscription is first in, first out.
protocol Downstream: AnyObject, Sendable {
    var id: StageID { get }

    /// Takes a message, at least one event.
    func deliver(_ events: consuming EventQueue, for subscription: SubscriptionID)

    /// Says that nothing will follow.
    func ended(_ subscription: SubscriptionID, _ end: SubscriptionEnd)
}

/// What a consumer says to a producer, to be sent outside of every lock.
struct Signal: Sendable {
    enum Content: Sendable {
        /// Adds demand.
        case ask(Int)
        /// The consumer wants no more: what was delivered before stays its own, and *ended* confirms.
        case cancel(because: (any Error)?)
    }

    let upstream: any Upstream
    let subscription: SubscriptionID
    let content: Content
}

extension ShortQueue<Signal> {
    /// Sends each signal, and what follows from it further up.
    ///
    /// One after the other, not one inside the other: the stack does not grow with the length of a chain.
    mutating func send() {
        while let signal = popFirst() { signal.upstream.receive(signal.content, for: signal.subscription, &self) }
    }
}
