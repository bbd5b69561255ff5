/// The policy by which a stage's events are given to its subscriptions.
///
/// A dispatcher is a value that belongs to one stage. Its methods are synchronous and never called by two threads at
/// once, but by different ones: also by the tasks of neighbours, while the stage's own handler runs. They must not block.
///
/// Every event that it takes out of the queue has exactly one fate: it is delivered (once, or to several subscriptions
/// once each), kept and counted in ``held``, or discarded with a reason. No subscription gets more than it asked for.
/// Debug and release builds check the second law, and fail the graph with ``StageError/Code/dispatcherFault``.
public protocol Dispatcher<Event>: Sendable {
    /// What the stage emits.
    associatedtype Event: Sendable

    /// What a consumer says to this dispatcher when it subscribes.
    associatedtype Options: Sendable = Void

    /// How many events, whatever they are, could leave the queue now: the stage's demand.
    ///
    /// 0 if no subscription has unmet demand.
    var capacity: Int { get }

    /// How many events the dispatcher keeps in queues of its own.
    var held: Int { get }

    /// A consumer wants to subscribe; it has no demand yet.
    ///
    /// - Parameters:
    ///   - subscription: Never seen before.
    ///   - options: What the consumer said.
    /// - Throws: Why the subscription is refused; the consumer's `subscribe` throws it, and nothing else happens.
    mutating func subscribed(_ subscription: SubscriptionID, options: Options) throws

    /// A live subscription wants something else from now on.
    ///
    /// Its demand stays, and so should what is kept for it.
    ///
    /// - Parameters:
    ///   - subscription: Known, with this demand.
    ///   - options: What its consumer says now.
    ///   - owed: What it has asked for and not got.
    /// - Throws: Why that is refused; then nothing has changed.
    mutating func resubscribed(_ subscription: SubscriptionID, options: Options, owed: Int) throws

    /// A subscription asked for `count` more, at least 1.
    mutating func asked(_ count: Int, by subscription: SubscriptionID)

    /// A subscription ended; its demand is forgotten.
    mutating func cancelled(_ subscription: SubscriptionID)

    /// Takes events from the front of the queue and gives them to subscriptions; events of its own queues first.
    ///
    /// Called after anything has changed, also with an empty queue. Events are left only if ``capacity`` is 0 afterwards.
    ///
    /// - Parameters:
    ///   - events: What the stage has emitted, in order.
    ///   - place: Takes what happens to events, in order.
    mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void)

    /// No consumer will subscribe any more: from now on, what no subscription can ever get is to be discarded.
    ///
    /// ``dispatch(_:_:)`` follows.
    mutating func closed()
}

extension Dispatcher {
    /// A dispatcher without queues of its own keeps nothing.
    public var held: Int { 0 }

    /// Forgets the subscription, and takes it anew with its demand.
    public mutating func resubscribed(_ subscription: SubscriptionID, options: Options, owed: Int) throws {
        var changed = self
        changed.cancelled(subscription)
        try changed.subscribed(subscription, options: options)
        if owed > 0 { changed.asked(owed, by: subscription) }
        self = changed
    }

    /// A dispatcher that would give any event to any subscription has nothing to discard.
    public mutating func closed() {}
}

/// What a dispatcher does with events.
public enum Placement<Event: Sendable>: Sendable {
    /// Gives a subscription one message: at least one event, and no more than it has asked for.
    case deliver(Events<Event>, to: SubscriptionID)

    /// Gives events to nobody.
    case discard(Events<Event>, DiscardReason)

    /// Ends a subscription, which the dispatcher has forgotten already; its consumer's stage sees its producer finish.
    case disconnect(SubscriptionID)
}

/// Why nobody got events.
public enum DiscardReason: Sendable, Equatable {
    /// The stage's buffer was full.
    case bufferFull
    /// The stage had no consumer, and its events do not wait for one.
    case noConsumer
    /// The function that chooses a partition said so, or named one that does not exist.
    case unrouted
    /// No subscription's selector wanted it.
    case unwanted
    /// The partition's queue was full.
    case partitionFull
    /// The graph was cancelled or failed before a consumer wanted it.
    case graphEnded
    /// The consumer left while they waited for it.
    case abandoned(SubscriptionID)
    /// The consumer was too far behind.
    case lagging(SubscriptionID)
    /// Its partition has no consumer, and will have none.
    case unclaimed
}
