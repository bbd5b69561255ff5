/// Gives events to the subscription with the most demand; among equals, to the one that has waited longest.
///
/// Each message goes to one subscription as far as its demand reaches: no splitting for fairness. Subscriptions with
/// equal windows take turns.
package struct DemandDispatcher: Dispatcher {
    private struct Entry: Sendable {
        var id: SubscriptionID
        var demand: Int
    }

    /// Sorted by demand, largest first; an entry goes behind its equals.
    private var entries: [Entry] = []

    package private(set) var capacity = 0

    package init() {}

    package mutating func subscribed(_ subscription: SubscriptionID) {
        entries.append(Entry(id: subscription, demand: 0))
    }

    package mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.id == subscription }) else { return }
        capacity += count
        var entry = entries.remove(at: index)
        entry.demand += count
        insert(entry)
    }

    package mutating func cancelled(_ subscription: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.id == subscription }) else { return }
        capacity -= entries.remove(at: index).demand
    }

    package mutating func dispatch(
        _ events: inout EventQueue,
        to deliver: (SubscriptionID, EventQueue) -> Void
    ) {
        while !events.isEmpty, capacity > 0 {
            var hungriest = entries.removeFirst()
            let batch = events.removeFirst(hungriest.demand)
            hungriest.demand -= batch.count
            capacity -= batch.count
            insert(hungriest)
            deliver(hungriest.id, batch)
        }
    }

    private mutating func insert(_ entry: Entry) {
        let index = entries.firstIndex { $0.demand < entry.demand } ?? entries.endIndex
        entries.insert(entry, at: index)
    }
}
