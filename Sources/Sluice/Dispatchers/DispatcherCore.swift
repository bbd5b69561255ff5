/// A dispatcher as the engine uses it, without the type of its events.
///
/// The stage's own dispatchers that do not look into events are one themselves, so that nothing generic is on the way of
/// a batch.
protocol DispatcherCore: Sendable {
    var capacity: Int { get }
    var held: Int { get }

    /// - Parameters:
    ///   - subscription: Never seen before.
    ///   - options: Of the dispatcher's type, if the subscription was made with the typed handle.
    /// - Throws: Why the subscription is refused.
    mutating func subscribed(_ subscription: SubscriptionID, options: any Sendable) throws
    mutating func resubscribed(_ subscription: SubscriptionID, options: any Sendable, owed: Int) throws
    mutating func asked(_ count: Int, by subscription: SubscriptionID)
    mutating func cancelled(_ subscription: SubscriptionID)
    mutating func dispatch(_ events: inout EventQueue, _ place: (consuming UntypedPlacement) -> Void)
    mutating func closed()
}

/// A ``Placement`` without its type.
enum UntypedPlacement: Sendable {
    case deliver(EventQueue, to: SubscriptionID)
    case discard(EventQueue, DiscardReason)
    case disconnect(SubscriptionID)
}

/// A dispatcher that the engine can use without its type.
protocol UntypedDispatcher {
    var core: any DispatcherCore { get }
}

extension Dispatcher {
    /// The form that the engine uses.
    func makeCore() -> any DispatcherCore {
        (self as? any UntypedDispatcher)?.core ?? TypedDispatcherCore(dispatcher: self)
    }

    /// What a consumer said when it subscribed.
    static func typed(_ options: any Sendable) throws -> Options {
        guard let options = options as? Options else {
            throw StageError(
                .refused,
                "A subscription to a stage with a \(Self.self) must say its \(Options.self): "
                    + "subscribe to what `start(dispatcher:)` returned, not to its stage"
            )
        }
        return options
    }
}

/// Any dispatcher in the form that the engine uses.
struct TypedDispatcherCore<D: Dispatcher>: DispatcherCore {
    var dispatcher: D

    var capacity: Int { dispatcher.capacity }
    var held: Int { dispatcher.held }

    mutating func subscribed(_ subscription: SubscriptionID, options: any Sendable) throws {
        try dispatcher.subscribed(subscription, options: D.typed(options))
    }

    mutating func resubscribed(_ subscription: SubscriptionID, options: any Sendable, owed: Int) throws {
        try dispatcher.resubscribed(subscription, options: D.typed(options), owed: owed)
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        dispatcher.asked(count, by: subscription)
    }

    mutating func cancelled(_ subscription: SubscriptionID) {
        dispatcher.cancelled(subscription)
    }

    mutating func dispatch(_ events: inout EventQueue, _ place: (consuming UntypedPlacement) -> Void) {
        var typed = Events<D.Event>(queue: events.take())
        dispatcher.dispatch(&typed) { place(UntypedPlacement($0)) }
        events = typed.queue
    }

    mutating func closed() {
        dispatcher.closed()
    }
}

extension UntypedPlacement {
    fileprivate init<Event: Sendable>(_ placement: consuming Placement<Event>) {
        switch placement {
        case .deliver(let events, let id): self = .deliver(events.queue, to: id)
        case .discard(let events, let reason): self = .discard(events.queue, reason)
        case .disconnect(let id): self = .disconnect(id)
        }
    }
}

extension Placement {
    init(_ placement: consuming UntypedPlacement) {
        switch placement {
        case .deliver(let events, let id): self = .deliver(Events(queue: events), to: id)
        case .discard(let events, let reason): self = .discard(Events(queue: events), reason)
        case .disconnect(let id): self = .disconnect(id)
        }
    }
}
