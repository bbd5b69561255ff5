/// Gives events to the subscription with the most demand; among equals, to the one that has waited longest.
///
/// Each message goes to one subscription as far as its demand reaches: no splitting for fairness. Subscriptions with
/// equal windows take turns. Every stage has this dispatcher unless it is started with another.
public struct DemandDispatcher<Event: Sendable>: Dispatcher {
    private var demand: DemandCore

    /// Makes the dispatcher of one stage.
    public init() {
        demand = DemandCore()
    }

    /// Makes a dispatcher that decides by chance, once, who of those with equal demand comes first.
    ///
    /// When several producers have the same consumers, and each begins with the same one, that one gets more than its share
    /// of what is rare. The order is drawn when the first events are there, among those who have subscribed by then.
    ///
    /// - Parameter generator: Draws the order; the dispatcher keeps a copy.
    public init(shufflingOnceBy generator: some RandomNumberGenerator & Sendable) {
        demand = DemandCore()
        demand.shuffler = generator
    }

    /// The demand of all subscriptions.
    public var capacity: Int { demand.capacity }

    /// Never refuses.
    public mutating func subscribed(_ subscription: SubscriptionID, options: Void) {
        demand.subscribed(subscription)
    }

    /// Adds demand.
    public mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        demand.asked(count, by: subscription)
    }

    /// Forgets the subscription.
    public mutating func cancelled(_ subscription: SubscriptionID) {
        demand.cancelled(subscription)
    }

    /// Serves the hungriest first.
    public mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void) {
        events.untyped { demand.dispatch(&$0) { id, batch in place(.deliver(Events(queue: batch), to: id)) } }
    }
}

extension DemandDispatcher: UntypedDispatcher {
    var core: any DispatcherCore { demand }
}

/// Hungriest first, whatever the events are.
struct DemandCore: Sendable {
    private struct Entry: Sendable {
        var id: SubscriptionID
        var demand: Int
    }

    /// Sorted by demand, largest first; an entry goes behind its equals.
    private var entries: [Entry] = []

    private(set) var capacity = 0

    /// Draws the order of the first dispatch, and is forgotten then.
    var shuffler: (any RandomNumberGenerator & Sendable)?

    var isEmpty: Bool { entries.isEmpty }

    mutating func subscribed(_ subscription: SubscriptionID) {
        entries.append(Entry(id: subscription, demand: 0))
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.id == subscription }) else { return }
        capacity += count
        entries[index].demand += count
        moveUp(index)
    }

    mutating func cancelled(_ subscription: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.id == subscription }) else { return }
        capacity -= entries.remove(at: index).demand
    }

    mutating func dispatch(_ events: inout EventQueue, _ deliver: (SubscriptionID, consuming EventQueue) -> Void) {
        if let shuffler, !events.isEmpty, capacity > 0 { shuffle(by: shuffler) }
        while !events.isEmpty, capacity > 0 {
            let hungriest = entries[0]
            let batch = events.removeFirst(hungriest.demand)
            entries[0].demand -= batch.count
            capacity -= batch.count
            moveFirstDown()
            deliver(hungriest.id, batch)
        }
    }

    private mutating func shuffle(by generator: some RandomNumberGenerator & Sendable) {
        var generator = generator
        shuffler = nil
        entries.shuffle(using: &generator)
        // Equals stay as they were drawn: a sort that is not stable must not decide.
        entries = entries.enumerated().sorted { left, right in
            (right.element.demand, left.offset) < (left.element.demand, right.offset)
        }.map(\.element)
    }

    /// Restores the order after an entry's demand has grown.
    private mutating func moveUp(_ index: Int) {
        var index = index
        while index > 0, entries[index - 1].demand < entries[index].demand {
            entries.swapAt(index - 1, index)
            index -= 1
        }
    }

    /// Restores the order after the first entry's demand has shrunk.
    private mutating func moveFirstDown() {
        var index = 0
        while index + 1 < entries.count, entries[index + 1].demand >= entries[index].demand {
            entries.swapAt(index, index + 1)
            index += 1
        }
    }
}

extension DemandCore: DispatcherCore {
    var held: Int { 0 }

    mutating func subscribed(_ subscription: SubscriptionID, options: any Sendable) {
        subscribed(subscription)
    }

    mutating func resubscribed(_ subscription: SubscriptionID, options: any Sendable, owed: Int) {}

    mutating func dispatch(_ events: inout EventQueue, _ place: (consuming UntypedPlacement) -> Void) {
        dispatch(&events) { id, batch in place(.deliver(batch, to: id)) }
    }

    mutating func closed() {}
}
