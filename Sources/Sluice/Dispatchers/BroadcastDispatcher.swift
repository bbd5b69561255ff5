/// Gives every event to every subscription.
///
/// An event leaves when all have demand for it: the slowest sets the pace. A subscription gets what leaves after it was
/// made, and holds the others up until its first ask. One that ends holds nobody up any more.
public struct BroadcastDispatcher<Event: Sendable>: Dispatcher {
    /// What a consumer says when it subscribes.
    public struct Options: Sendable {
        /// What becomes of a consumer that cannot keep up.
        public enum Pace: Sendable {
            /// The others wait for it.
            case shared
            /// Up to so many events wait for it; then the oldest of them are discarded.
            case dropping(lag: Int)
            /// Up to so many events wait for it; then its subscription ends.
            case disconnecting(lag: Int)
        }

        /// Which events the consumer wants; nil: all.
        ///
        /// An event that it does not want costs none of its demand. One that nobody wants is discarded.
        public var selector: (@Sendable (Event) -> Bool)?

        /// What becomes of the consumer if it cannot keep up.
        public var pace: Pace

        /// Says which events are wanted, and how fast.
        ///
        /// - Parameters:
        ///   - pace: A lag is at least 0.
        ///   - selector: Runs for each event, on whatever thread delivers it; must not block.
        public init(pace: Pace = .shared, selector: (@Sendable (Event) -> Bool)? = nil) {
            self.selector = selector
            self.pace = pace
        }
    }

    private struct Entry: Sendable {
        let id: SubscriptionID
        var options: Options
        var demand = 0
        /// What waits for a consumer with a pace of its own.
        var queue = Events<Event>()
    }

    /// In the order of subscribing.
    private var entries: [Entry] = []
    /// What waited for consumers that have left.
    private var abandoned: [(subscription: SubscriptionID, events: Events<Event>)] = []

    /// Makes the dispatcher of one stage.
    public init() {}

    /// The least demand of those that share a pace; if none does, the largest demand.
    public var capacity: Int {
        var least = Int.max
        var largest = 0
        for entry in entries {
            if case .shared = entry.options.pace { least = min(least, entry.demand) }
            largest = max(largest, entry.demand)
        }
        return least == .max ? largest : least
    }

    /// What waits for consumers with a pace of their own, each copy counted.
    public var held: Int { entries.reduce(abandoned.reduce(0) { $0 + $1.events.count }) { $0 + $1.queue.count } }

    /// Never refuses.
    public mutating func subscribed(_ subscription: SubscriptionID, options: Options) {
        entries.append(Entry(id: subscription, options: options))
    }

    /// Adds demand.
    public mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        guard let index = index(of: subscription) else { return }
        entries[index].demand += count
    }

    /// Changes what a consumer gets from now on; what waits for it stays.
    public mutating func resubscribed(_ subscription: SubscriptionID, options: Options, owed: Int) {
        guard let index = index(of: subscription) else { return }
        entries[index].options = options
    }

    /// Forgets the subscription; what waits for it is discarded.
    public mutating func cancelled(_ subscription: SubscriptionID) {
        guard let index = index(of: subscription) else { return }
        let entry = entries.remove(at: index)
        if !entry.queue.isEmpty { abandoned.append((subscription, entry.queue)) }
    }

    /// Serves all.
    public mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void) {
        for queue in abandoned { place(.discard(queue.events, .abandoned(queue.subscription))) }
        abandoned = []
        for index in entries.indices { serveQueue(of: index, place) }
        while !events.isEmpty, case let count = capacity, count > 0 {
            let batch = events.removeFirst(count)
            if entries.allSatisfy({ $0.options.selector != nil }) { discardUnwanted(batch.array, place) }
            // A disconnected subscription leaves the list.
            for index in entries.indices.reversed() { give(batch, to: index, place) }
        }
    }

    private func discardUnwanted(_ events: [Event], _ place: (consuming Placement<Event>) -> Void) {
        let unwanted = events.filter { event in !entries.contains { $0.options.selector?(event) ?? true } }
        if !unwanted.isEmpty { place(.discard(Events(unwanted), .unwanted)) }
    }

    private mutating func give(
        _ batch: Events<Event>,
        to index: Int,
        _ place: (consuming Placement<Event>) -> Void
    ) {
        let (id, options) = (entries[index].id, entries[index].options)
        let selected = options.selector.map { Events(batch.array.filter($0)) } ?? batch
        guard !selected.isEmpty else { return }
        let lag: Int
        switch options.pace {
        case .shared:
            entries[index].demand -= selected.count
            place(.deliver(selected, to: id))
            return
        case .dropping(let bound), .disconnecting(let bound):
            lag = max(0, bound)
        }
        entries[index].queue.append(selected)
        serveQueue(of: index, place)
        let excess = entries[index].queue.count - lag
        guard excess > 0 else { return }
        if case .dropping = options.pace {
            place(.discard(entries[index].queue.removeFirst(excess), .lagging(id)))
        } else {
            place(.discard(entries[index].queue.removeAll(), .lagging(id)))
            entries.remove(at: index)
            place(.disconnect(id))
        }
    }

    private mutating func serveQueue(of index: Int, _ place: (consuming Placement<Event>) -> Void) {
        guard !entries[index].queue.isEmpty, entries[index].demand > 0 else { return }
        let batch = entries[index].queue.removeFirst(entries[index].demand)
        entries[index].demand -= batch.count
        place(.deliver(batch, to: entries[index].id))
    }

    private func index(of subscription: SubscriptionID) -> Int? {
        entries.firstIndex { $0.id == subscription }
    }
}
