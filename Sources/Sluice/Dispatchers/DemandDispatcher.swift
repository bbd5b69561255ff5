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
        entries[index].demand += count
        moveUp(index)
    }

    package mutating func cancelled(_ subscription: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.id == subscription }) else { return }
        capacity -= entries.remove(at: index).demand
    }

    package mutating func dispatch(
        _ events: inout EventQueue,
        to deliver: (SubscriptionID, consuming EventQueue) -> Void
    ) {
        while !events.isEmpty, capacity > 0 {
            let hungriest = entries[0]
            let batch = events.removeFirst(hungriest.demand)
            entries[0].demand -= batch.count
            capacity -= batch.count
            moveFirstDown()
            deliver(hungriest.id, batch)
        }
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
