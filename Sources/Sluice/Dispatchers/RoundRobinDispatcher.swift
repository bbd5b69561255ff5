/// Gives each subscription its turn, whatever its demand is.
///
/// What is there is divided evenly among the subscriptions that have demand, each share a run of events in order, and
/// the next share goes to the one after the last that was served. So a consumer with a large window gets no more than
/// the others while they keep up.
public struct RoundRobinDispatcher<Event: Sendable>: Dispatcher {
    private struct Entry: Sendable {
        let id: SubscriptionID
        var demand = 0
    }

    /// In the order of subscribing.
    private var entries: [Entry] = []
    /// Whose turn it is, as an index; may be one too large.
    private var next = 0

    /// The demand of all subscriptions.
    public private(set) var capacity = 0

    /// Makes the dispatcher of one stage.
    public init() {}

    /// Never refuses.
    public mutating func subscribed(_ subscription: SubscriptionID, options: Void) {
        entries.append(Entry(id: subscription))
    }

    /// Adds demand.
    public mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        guard let index = index(of: subscription) else { return }
        entries[index].demand += count
        capacity += count
    }

    /// Forgets the subscription; the turns of the others stay.
    public mutating func cancelled(_ subscription: SubscriptionID) {
        guard let index = index(of: subscription) else { return }
        capacity -= entries.remove(at: index).demand
        if index < next { next -= 1 }
    }

    /// Serves in turn.
    public mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void) {
        while !events.isEmpty, capacity > 0 {
            let hungry = entries.count { $0.demand > 0 }
            let share = max(1, min(events.count, capacity) / hungry)
            for _ in 0..<hungry where !events.isEmpty {
                let index = nextHungry()
                let batch = events.removeFirst(min(share, entries[index].demand))
                entries[index].demand -= batch.count
                capacity -= batch.count
                next = index + 1
                place(.deliver(batch, to: entries[index].id))
            }
        }
    }

    /// The first subscription with demand from the one on whose turn it is.
    private func nextHungry() -> Int {
        var index = next
        while true {
            if index >= entries.count { index = 0 }
            if entries[index].demand > 0 { return index }
            index += 1
        }
    }

    private func index(of subscription: SubscriptionID) -> Int? {
        entries.firstIndex { $0.id == subscription }
    }
}
