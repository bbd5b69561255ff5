/// Gives every event to every subscription.
///
/// An event leaves when all have demand for it: the slowest sets the pace. A subscription gets what leaves after it was
/// made, and holds the others up until its first ask. One that ends holds nobody up any more.
public struct BroadcastDispatcher<Event: Sendable>: Dispatcher {
    /// What a consumer says when it subscribes.
    public struct Options: Sendable {
        /// What becomes of a consumer that cannot keep up.
        public typealias Pace = BroadcastPace

        /// Which events the consumer wants; nil: all.
        ///
        /// An event that it does not want costs none of its demand. One that nobody wants is discarded.
        public let selector: (@Sendable (Event) -> Bool)?

        /// What becomes of the consumer if it cannot keep up.
        public var pace: Pace

        // Made where the type is known: so the loop over a batch is compiled for it.
        private let select: (@Sendable (_ events: [Event], _ wanted: Bool) -> [Event])?

        /// Says which events are wanted, and how fast.
        ///
        /// - Parameters:
        ///   - pace: A lag is at least 0.
        ///   - selector: Runs for each event, on whatever thread delivers it; must not block. If all consumers have one,
        ///     it may run twice for an event.
        @inlinable
        public init(pace: Pace = .shared, selector: (@Sendable (Event) -> Bool)? = nil) {
            guard let selector else {
                self.init(pace: pace, selector: nil, select: nil)
                return
            }
            self.init(pace: pace, selector: selector) { events, wanted in events.filter { selector($0) == wanted } }
        }

        @usableFromInline
        init(
            pace: Pace,
            selector: (@Sendable (Event) -> Bool)?,
            select: (@Sendable (_ events: [Event], _ wanted: Bool) -> [Event])?
        ) {
            self.pace = pace
            self.selector = selector
            self.select = select
        }

        fileprivate var terms: BroadcastCore.Terms {
            guard let select else { return BroadcastCore.Terms(pace: pace, selection: nil) }
            return BroadcastCore.Terms(pace: pace) { events, wanted in
                EventQueue(EventBatch(select(events.array(of: Event.self), wanted)))
            }
        }
    }

    private var broadcast: BroadcastCore

    /// Makes the dispatcher of one stage.
    public init() {
        broadcast = BroadcastCore { try Self.typed($0).terms }
    }

    /// The least demand of those that share a pace; if none does, the largest demand.
    public var capacity: Int { broadcast.capacity }

    /// What waits for consumers with a pace of their own, each copy counted.
    public var held: Int { broadcast.held }

    /// Never refuses.
    public mutating func subscribed(_ subscription: SubscriptionID, options: Options) {
        broadcast.subscribed(subscription, options.terms)
    }

    /// Adds demand.
    public mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        broadcast.asked(count, by: subscription)
    }

    /// Changes what a consumer gets from now on; what waits for it stays.
    public mutating func resubscribed(_ subscription: SubscriptionID, options: Options, owed: Int) {
        broadcast.resubscribed(subscription, options.terms)
    }

    /// Forgets the subscription; what waits for it is discarded.
    public mutating func cancelled(_ subscription: SubscriptionID) {
        broadcast.cancelled(subscription)
    }

    /// Serves all.
    public mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void) {
        events.untyped { broadcast.dispatch(&$0) { place(Placement($0)) } }
    }
}

extension BroadcastDispatcher: UntypedDispatcher {
    var core: any DispatcherCore { broadcast }
}

/// What becomes of a consumer of a ``BroadcastDispatcher`` that cannot keep up.
public enum BroadcastPace: Sendable {
    /// The others wait for it.
    case shared
    /// Up to so many events wait for it; then the oldest of them are discarded.
    case dropping(lag: Int)
    /// Up to so many events wait for it; then its subscription ends.
    case disconnecting(lag: Int)
}
