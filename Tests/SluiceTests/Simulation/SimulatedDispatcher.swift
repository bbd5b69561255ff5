@testable import Sluice

/// Any dispatcher, chosen when a graph is made; a consumer's options follow from its subscription's number.
struct SimulatedDispatcher: Dispatcher {
    enum Kind: CaseIterable, Sendable {
        case demand
        case roundRobin
        case partition
        case broadcast

        /// Whether an event may go to several consumers.
        var copies: Bool { self == .broadcast }
        /// Whether events may wait in its own queues.
        var keeps: Bool { self == .partition || self == .broadcast }
    }

    /// How many events wait in a partition, or for a consumer that lags.
    static let limit = 4

    private var inner: any DispatcherCore
    private let kind: Kind?

    init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .demand: inner = DemandDispatcher<SimulatedEvent>().makeCore()
        case .roundRobin: inner = RoundRobinDispatcher<SimulatedEvent>().makeCore()
        case .broadcast: inner = BroadcastDispatcher<SimulatedEvent>().makeCore()
        case .partition:
            let partitions = PartitionDispatcher<SimulatedEvent, Int>(keys: [0, 1], queueLimit: Self.limit) { event in
                .to(event.identity.number % 2)
            }
            inner = partitions.makeCore()
        }
    }

    init(_ faulty: FaultyDispatcher) {
        kind = nil
        inner = TypedDispatcherCore(dispatcher: faulty)
    }

    var capacity: Int { inner.capacity }
    var held: Int { inner.held }

    mutating func subscribed(_ subscription: SubscriptionID, options: Void) throws {
        try inner.subscribed(subscription, options: self.options(subscription.number))
    }

    mutating func resubscribed(_ subscription: SubscriptionID, options: Void, owed: Int) throws {
        try inner.resubscribed(subscription, options: self.options(subscription.number + 1), owed: owed)
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) { inner.asked(count, by: subscription) }
    mutating func cancelled(_ subscription: SubscriptionID) { inner.cancelled(subscription) }
    mutating func closed() { inner.closed() }

    mutating func dispatch(
        _ events: inout Events<SimulatedEvent>,
        _ place: (consuming Placement<SimulatedEvent>) -> Void
    ) {
        events.untyped { inner.dispatch(&$0) { place(Placement($0)) } }
    }

    private func options(_ number: Int) -> any Sendable {
        switch kind {
        case .partition:
            return number % 2
        case .broadcast:
            // The paces: shared by two thirds.
            let pace: BroadcastDispatcher<SimulatedEvent>.Options.Pace =
                switch number % 6 {
                case 4: .dropping(lag: Self.limit)
                case 5: .disconnecting(lag: Self.limit)
                default: .shared
                }
            return BroadcastDispatcher<SimulatedEvent>.Options(pace: pace)
        case .demand, .roundRobin, nil:
            return ()
        }
    }
}

extension SimulatedDispatcher: UntypedDispatcher {
    /// The default dispatcher is put to the test in the form in which stages have it.
    var core: any DispatcherCore { kind == .demand ? inner : TypedDispatcherCore(dispatcher: self) }
}
