/// Gives each event to the partition that a function names, and there to the hungriest subscription.
///
/// Events of one partition stay in order. What a partition's consumers do not want yet waits in the partition's queue,
/// which is bounded and outlives its consumers: a slow partition does not stop the others before its queue is full. The
/// stage is asked for no more than all consumers together want, and for no more than fits if all of it were for one
/// partition. Once nobody can subscribe any more, a partition without a consumer has no queue either.
public struct PartitionDispatcher<Event: Sendable, Key: Hashable & Sendable>: Dispatcher {
    /// Where an event goes.
    public enum Route: Sendable {
        /// To a partition; discarded if there is none of that name.
        case to(Key)
        /// To nobody.
        case discard
    }

    /// What happens to an event whose partition's queue is full.
    public enum Overflow: Sendable {
        /// It waits, and with it everything behind it, for all partitions.
        case wait
        /// It is discarded.
        case discard
    }

    private struct Partition: Sendable {
        var demand = DemandCore()
        var queue = EventQueue()
        /// Routed, and not in the queue yet.
        var routed: [Event] = []
    }

    private let route: @Sendable (Event) -> Route
    private let queueLimit: Int
    private let overflow: Overflow
    /// Whether a consumer can make a new partition.
    private let isOpen: Bool
    private var places: [Key: Int] = [:]
    private var partitions: [Partition] = []
    /// Nobody will subscribe any more.
    private var isClosed = false

    /// A dispatcher with a closed set of partitions.
    ///
    /// - Parameters:
    ///   - keys: Every partition; events for them wait even if nobody has subscribed yet. Repetitions do not count.
    ///   - queueLimit: How many events may wait in each partition's queue, at least 1.
    ///   - overflow: What happens to an event whose partition's queue is full.
    ///   - route: Says where an event goes. Runs on whatever thread delivers; must not block.
    public init(
        keys: some Sequence<Key>,
        queueLimit: Int = 1000,
        overflow: Overflow = .wait,
        route: @escaping @Sendable (Event) -> Route
    ) {
        self.init(isOpen: false, queueLimit: queueLimit, overflow: overflow, route: route)
        for key in keys { addPartition(key) }
    }

    /// A dispatcher whose partitions are those that consumers have subscribed to.
    ///
    /// An event for a partition that nobody has ever subscribed to is discarded.
    ///
    /// - Parameters:
    ///   - queueLimit: How many events may wait in each partition's queue, at least 1.
    ///   - overflow: What happens to an event whose partition's queue is full.
    ///   - route: Says where an event goes. Runs on whatever thread delivers; must not block.
    public init(
        queueLimit: Int = 1000,
        overflow: Overflow = .wait,
        route: @escaping @Sendable (Event) -> Route
    ) {
        self.init(isOpen: true, queueLimit: queueLimit, overflow: overflow, route: route)
    }

    private init(isOpen: Bool, queueLimit: Int, overflow: Overflow, route: @escaping @Sendable (Event) -> Route) {
        precondition(queueLimit > 0, "A partition's queue needs room for one event, not for \(queueLimit)")
        self.isOpen = isOpen
        self.queueLimit = queueLimit
        self.overflow = overflow
        self.route = route
    }

    /// What all consumers together want, as far as every partition could take it.
    public var capacity: Int {
        let demand = totalDemand
        guard demand > 0, overflow == .wait else { return demand }
        return partitions.reduce(demand) { isUnclaimed($1) ? $0 : min($0, room(in: $1)) }
    }

    /// What waits in the partitions' queues.
    public var held: Int { partitions.reduce(0) { $0 + $1.queue.count } }

    /// Adds a consumer to a partition.
    ///
    /// - Throws: ``StageError/Code/refused`` if the set of partitions is closed and this is none of them.
    public mutating func subscribed(_ subscription: SubscriptionID, options key: Key) throws {
        if places[key] == nil {
            guard isOpen else {
                throw StageError(.refused, "There is no partition '\(key)'; it must be one of the dispatcher's keys")
            }
            addPartition(key)
        }
        guard let place = places[key] else { return }
        partitions[place].demand.subscribed(subscription)
    }

    /// Adds demand for a partition's events.
    public mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        for index in partitions.indices { partitions[index].demand.asked(count, by: subscription) }
    }

    /// Forgets the subscription; its partition's queue stays.
    public mutating func cancelled(_ subscription: SubscriptionID) {
        for index in partitions.indices { partitions[index].demand.cancelled(subscription) }
    }

    /// Serves the queues first, then routes what is new.
    public mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void) {
        for index in partitions.indices { serve(index, place) }
        while !events.isEmpty, case let demand = totalDemand, demand > 0 {
            let batch = events.removeFirst(demand).array
            let routedCount = routeEvents(batch, place)
            for index in partitions.indices { serve(index, place) }
            guard routedCount == batch.count else {
                events.prepend(Events(Array(batch[routedCount...])))
                return
            }
        }
    }

    /// Events of partitions without a consumer are discarded from now on.
    public mutating func closed() {
        isClosed = true
    }

    /// - Returns: How many of the first events have found their place.
    private mutating func routeEvents(_ events: [Event], _ place: (consuming Placement<Event>) -> Void) -> Int {
        var unrouted: [Event] = []
        var full: [Event] = []
        defer {
            if !unrouted.isEmpty { place(.discard(Events(unrouted), .unrouted)) }
            if !full.isEmpty { place(.discard(Events(full), .partitionFull)) }
        }
        for (index, event) in events.enumerated() {
            guard case .to(let key) = route(event), let target = places[key] else {
                unrouted.append(event)
                continue
            }
            if isUnclaimed(partitions[target]) || room(in: partitions[target]) > 0 {
                partitions[target].routed.append(event)
            } else if overflow == .discard {
                full.append(event)
            } else {
                return index
            }
        }
        return events.count
    }

    private mutating func serve(_ index: Int, _ place: (consuming Placement<Event>) -> Void) {
        if !partitions[index].routed.isEmpty {
            partitions[index].queue.append(EventBatch(partitions[index].routed))
            partitions[index].routed = []
        }
        guard !partitions[index].queue.isEmpty else { return }
        if isUnclaimed(partitions[index]) {
            return place(.discard(Events(queue: partitions[index].queue.take()), .unclaimed))
        }
        var queue = partitions[index].queue.take()
        partitions[index].demand.dispatch(&queue) { id, batch in place(.deliver(Events(queue: batch), to: id)) }
        partitions[index].queue = queue
    }

    private var totalDemand: Int { partitions.reduce(0) { $0 + $1.demand.capacity } }

    private func room(in partition: Partition) -> Int {
        max(0, partition.demand.capacity + queueLimit - partition.queue.count - partition.routed.count)
    }

    private func isUnclaimed(_ partition: Partition) -> Bool {
        isClosed && partition.demand.isEmpty
    }

    private mutating func addPartition(_ key: Key) {
        guard places[key] == nil else { return }
        places[key] = partitions.count
        partitions.append(Partition())
    }
}

extension PartitionDispatcher where Key == Int {
    /// A dispatcher with the partitions 0 to `count - 1`, chosen by the stable hash of a key: see ``StablyHashable``.
    ///
    /// - Parameters:
    ///   - count: How many partitions there are, at least 1.
    ///   - queueLimit: How many events may wait in each partition's queue, at least 1.
    ///   - overflow: What happens to an event whose partition's queue is full.
    ///   - key: Equal keys go to the same partition. Runs on whatever thread delivers; must not block.
    public init(
        count: Int,
        queueLimit: Int = 1000,
        overflow: Overflow = .wait,
        by key: @escaping @Sendable (Event) -> some StablyHashable
    ) {
        precondition(count > 0, "There must be at least one partition, not \(count)")
        self.init(keys: 0..<count, queueLimit: queueLimit, overflow: overflow) { event in
            .to(Int(StableHash.of(key(event)) % UInt64(count)))
        }
    }
}
