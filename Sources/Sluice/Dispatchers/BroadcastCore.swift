/// Every event to everyone, whatever the events are.
struct BroadcastCore: Sendable {
    /// What a consumer said when it subscribed.
    struct Terms: Sendable {
        var pace: BroadcastPace
        var selection: Selection?
    }

    /// Takes the events out of some that a consumer wants, or those that it does not want.
    typealias Selection = @Sendable (_ events: consuming EventQueue, _ wanted: Bool) -> EventQueue

    private struct Entry: Sendable {
        let id: SubscriptionID
        var terms: Terms
        var demand = 0
        /// What waits for a consumer with a pace of its own.
        var queue = EventQueue()
    }

    /// Finds the terms in what the typed handle passes on.
    private let terms: @Sendable (any Sendable) throws -> Terms
    /// In the order of subscribing.
    private var entries: [Entry] = []
    /// What waited for consumers that have left.
    private var abandoned: [(subscription: SubscriptionID, events: EventQueue)] = []

    /// The least demand of those that share a pace; if none does, the largest demand.
    private(set) var capacity = 0

    init(terms: @escaping @Sendable (any Sendable) throws -> Terms) {
        self.terms = terms
    }

    var held: Int {
        var count = 0
        for index in entries.indices { count += entries[index].queue.count }
        for index in abandoned.indices { count += abandoned[index].events.count }
        return count
    }

    mutating func subscribed(_ subscription: SubscriptionID, _ terms: Terms) {
        entries.append(Entry(id: subscription, terms: terms))
        updateCapacity()
    }

    mutating func resubscribed(_ subscription: SubscriptionID, _ terms: Terms) {
        guard let index = index(of: subscription) else { return }
        entries[index].terms = terms
        updateCapacity()
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        guard let index = index(of: subscription) else { return }
        entries[index].demand += count
        updateCapacity()
    }

    mutating func cancelled(_ subscription: SubscriptionID) {
        guard let index = index(of: subscription) else { return }
        let entry = entries.remove(at: index)
        if !entry.queue.isEmpty { abandoned.append((subscription, entry.queue)) }
        updateCapacity()
    }

    mutating func dispatch(_ events: inout EventQueue, _ place: (consuming UntypedPlacement) -> Void) {
        for queue in abandoned { place(.discard(queue.events, .abandoned(queue.subscription))) }
        abandoned = []
        for index in entries.indices { serveQueue(of: index, place) }
        updateCapacity()
        while !events.isEmpty, capacity > 0 {
            let batch = events.removeFirst(capacity)
            discardUnwanted(batch, place)
            // A disconnected subscription leaves the list.
            for index in entries.indices.reversed() { give(batch, to: index, place) }
            updateCapacity()
        }
    }

    private func discardUnwanted(_ events: EventQueue, _ place: (consuming UntypedPlacement) -> Void) {
        guard entries.allSatisfy({ $0.terms.selection != nil }) else { return }
        var unwanted = events
        for entry in entries where !unwanted.isEmpty {
            if let select = entry.terms.selection { unwanted = select(unwanted, false) }
        }
        guard !unwanted.isEmpty else { return }
        place(.discard(unwanted, .unwanted))
    }

    private mutating func give(_ batch: EventQueue, to index: Int, _ place: (consuming UntypedPlacement) -> Void) {
        let selected = entries[index].terms.selection.map { $0(batch, true) } ?? batch
        guard !selected.isEmpty else { return }
        switch entries[index].terms.pace {
        case .shared:
            entries[index].demand -= selected.count
            place(.deliver(selected, to: entries[index].id))
        case .dropping(let lag):
            let excess = keep(selected, for: index, lag, place)
            guard excess > 0 else { return }
            place(.discard(entries[index].queue.removeFirst(excess), .lagging(entries[index].id)))
        case .disconnecting(let lag):
            guard keep(selected, for: index, lag, place) > 0 else { return }
            let entry = entries.remove(at: index)
            place(.discard(entry.queue, .lagging(entry.id)))
            place(.disconnect(entry.id))
        }
    }

    /// - Returns: How many events wait that may not.
    private mutating func keep(
        _ events: consuming EventQueue,
        for index: Int,
        _ lag: Int,
        _ place: (consuming UntypedPlacement) -> Void
    ) -> Int {
        entries[index].queue.append(events)
        serveQueue(of: index, place)
        return entries[index].queue.count - max(0, lag)
    }

    private mutating func serveQueue(of index: Int, _ place: (consuming UntypedPlacement) -> Void) {
        guard !entries[index].queue.isEmpty, entries[index].demand > 0 else { return }
        let batch = entries[index].queue.removeFirst(entries[index].demand)
        entries[index].demand -= batch.count
        place(.deliver(batch, to: entries[index].id))
    }

    private mutating func updateCapacity() {
        var least = Int.max
        var largest = 0
        for index in entries.indices {
            let demand = entries[index].demand
            if case .shared = entries[index].terms.pace { least = min(least, demand) }
            largest = max(largest, demand)
        }
        capacity = least == .max ? largest : least
    }

    private func index(of subscription: SubscriptionID) -> Int? {
        entries.firstIndex { $0.id == subscription }
    }
}

extension BroadcastCore: DispatcherCore {
    mutating func subscribed(_ subscription: SubscriptionID, options: any Sendable) throws {
        subscribed(subscription, try terms(options))
    }

    mutating func resubscribed(_ subscription: SubscriptionID, options: any Sendable, owed: Int) throws {
        resubscribed(subscription, try terms(options))
    }

    mutating func closed() {}
}
