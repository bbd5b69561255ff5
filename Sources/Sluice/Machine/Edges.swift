/// A producer as its consumers reach it.
///
/// Every method goes straight into the producer's machine, from any thread, and never waits for its handler.
protocol Upstream: AnyObject, Sendable {
    var id: StageID { get }
    var name: String { get }

    /// Adds demand.
    func ask(_ count: Int, by subscription: SubscriptionID)

    /// The consumer wants no more: what was delivered before stays its own, and *finished* confirms.
    func cancel(_ subscription: SubscriptionID)
}

/// A consumer as its producers reach it, under their delivery right: so each subscription is first in, first out.
protocol Downstream<Event>: AnyObject, Sendable {
    associatedtype Event: Sendable

    var id: StageID { get }

    /// Takes a message, at least one event.
    func deliver(_ events: [Event], for subscription: SubscriptionID)

    /// Says that nothing will follow.
    func finished(_ subscription: SubscriptionID)
}

/// An ask that is to be sent outside of every lock.
struct Ask: Sendable {
    let upstream: any Upstream
    let subscription: SubscriptionID
    let count: Int

    func send() {
        upstream.ask(count, by: subscription)
    }
}

/// A consumer's leaving, to be sent outside of every lock.
struct Leave: Sendable {
    let upstream: any Upstream
    let subscription: SubscriptionID

    func send() {
        upstream.cancel(subscription)
    }
}
