@testable import Sluice

/// Any dispatcher that gives each event to one consumer, chosen when a graph is made.
struct SimulatedDispatcher: Dispatcher {
    enum Kind: Sendable {
        case demand
        case roundRobin
        case faulty(FaultyDispatcher)
    }

    private var demand = DemandDispatcher<SimulatedEvent>()
    private var roundRobin = RoundRobinDispatcher<SimulatedEvent>()
    private var kind: Kind

    init(_ kind: Kind) {
        self.kind = kind
    }

    var capacity: Int {
        switch kind {
        case .demand: demand.capacity
        case .roundRobin: roundRobin.capacity
        case .faulty(let faulty): faulty.capacity
        }
    }

    mutating func subscribed(_ subscription: SubscriptionID, options: Void) {
        change({ $0.subscribed(subscription, options: ()) }, { $0.subscribed(subscription, options: ()) }) {
            $0.subscribed(subscription, options: ())
        }
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        change({ $0.asked(count, by: subscription) }, { $0.asked(count, by: subscription) }) {
            $0.asked(count, by: subscription)
        }
    }

    mutating func cancelled(_ subscription: SubscriptionID) {
        change({ $0.cancelled(subscription) }, { $0.cancelled(subscription) }) { $0.cancelled(subscription) }
    }

    mutating func dispatch(
        _ events: inout Events<SimulatedEvent>,
        _ place: (consuming Placement<SimulatedEvent>) -> Void
    ) {
        change({ $0.dispatch(&events, place) }, { $0.dispatch(&events, place) }) { $0.dispatch(&events, place) }
    }

    private mutating func change(
        _ onDemand: (inout DemandDispatcher<SimulatedEvent>) -> Void,
        _ onRoundRobin: (inout RoundRobinDispatcher<SimulatedEvent>) -> Void,
        _ onFaulty: (inout FaultyDispatcher) -> Void
    ) {
        switch kind {
        case .demand: onDemand(&demand)
        case .roundRobin: onRoundRobin(&roundRobin)
        case .faulty(var faulty):
            onFaulty(&faulty)
            kind = .faulty(faulty)
        }
    }
}

extension SimulatedDispatcher: UntypedDispatcher {
    /// The default dispatcher is put to the test in the form in which stages have it.
    var core: any DispatcherCore {
        if case .demand = kind { return demand.core }
        return TypedDispatcherCore(dispatcher: self)
    }
}
