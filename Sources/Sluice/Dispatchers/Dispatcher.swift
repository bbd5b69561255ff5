/// The policy by which a stage's events are given to its subscriptions.
///
/// A dispatcher is a value that belongs to whoever holds the stage's delivery right, which can be a neighbour's task:
/// its methods are synchronous, run outside every lock, and are never called by two at once.
package protocol Dispatcher: Sendable {
    /// How many events could be placed now, whatever they are.
    var capacity: Int { get }

    /// A subscription was made; it has no demand yet.
    mutating func subscribed(_ subscription: SubscriptionID)

    /// A subscription asked for `count` more, at least 1.
    mutating func asked(_ count: Int, by subscription: SubscriptionID)

    /// A subscription ended; its demand is forgotten.
    mutating func cancelled(_ subscription: SubscriptionID)

    /// Gives events from the front of the queue to subscriptions, none more than it asked for, and leaves the rest.
    ///
    /// Events are left only if the capacity is 0 afterwards.
    ///
    /// - Parameters:
    ///   - events: What is there, in order.
    ///   - deliver: Takes one message for one subscription; at least one event.
    mutating func dispatch(_ events: inout EventQueue, to deliver: (SubscriptionID, consuming EventQueue) -> Void)
}
