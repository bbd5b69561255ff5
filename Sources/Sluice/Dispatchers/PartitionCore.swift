/// Each event to its partition, whatever the events and the partitions' keys are.
struct PartitionCore: Sendable {
    private struct Partition: Sendable {
        var demand = DemandCore()
        var queue = EventQueue()
    }

    private var routing: any PartitionRouting
    private let queueLimit: Int
    /// What happens to an event whose partition's queue is full: it waits, or is discarded.
    private let waits: Bool
    /// By the places of their keys.
    private var partitions: [Partition]
    private var places: [SubscriptionID: Int] = [:]
    /// The demand of all subscriptions.
    private var demand = 0
    /// Nobody will subscribe any more.
    private var isClosed = false

    init(_ routing: any PartitionRouting, queueLimit: Int, waits: Bool) {
        self.routing = routing
        self.queueLimit = queueLimit
        self.waits = waits
        partitions = Array(repeating: Partition(), count: routing.count)
    }

    var capacity: Int {
        guard demand > 0, waits else { return demand }
        var capacity = demand
        for index in partitions.indices { capacity = min(capacity, room(in: index)) }
        return capacity
    }

    var held: Int {
        var count = 0
        for index in partitions.indices { count += partitions[index].queue.count }
        return count
    }

    mutating func subscribed(_ subscription: SubscriptionID, options key: any Sendable) throws {
        subscribed(subscription, at: try routing.place(of: key))
    }

    mutating func resubscribed(_ subscription: SubscriptionID, options key: any Sendable, owed: Int) throws {
        let place = try routing.place(of: key)
        cancelled(subscription)
        subscribed(subscription, at: place)
        if owed > 0 { asked(owed, by: subscription) }
    }

    private mutating func subscribed(_ subscription: SubscriptionID, at place: Int) {
        if place == partitions.count { partitions.append(Partition()) }
        partitions[place].demand.subscribed(subscription)
        places[subscription] = place
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        guard let place = places[subscription] else { return }
        partitions[place].demand.asked(count, by: subscription)
        demand += count
    }

    mutating func cancelled(_ subscription: SubscriptionID) {
        guard let place = places.removeValue(forKey: subscription) else { return }
        demand -= partitions[place].demand.capacity
        partitions[place].demand.cancelled(subscription)
        demand += partitions[place].demand.capacity
    }

    mutating func dispatch(_ events: inout EventQueue, _ place: (consuming UntypedPlacement) -> Void) {
        for index in partitions.indices { serve(index, place) }
        while !events.isEmpty, demand > 0 {
            let rooms = partitions.indices.map { room(in: $0) }
            let split = routing.split(events.removeFirst(demand), into: rooms, waits: waits)
            if split.unrouted.count > 0 { place(.discard(EventQueue(split.unrouted), .unrouted)) }
            if split.full.count > 0 { place(.discard(EventQueue(split.full), .partitionFull)) }
            for index in partitions.indices {
                partitions[index].queue.append(split.parts[index])
                serve(index, place)
            }
            guard split.rest.count == 0 else {
                events.prepend(EventQueue(split.rest))
                return
            }
        }
    }

    mutating func closed() {
        isClosed = true
    }

    private mutating func serve(_ index: Int, _ place: (consuming UntypedPlacement) -> Void) {
        guard !partitions[index].queue.isEmpty else { return }
        if isUnclaimed(index) { return place(.discard(partitions[index].queue.take(), .unclaimed)) }
        guard partitions[index].demand.capacity > 0 else { return }
        var queue = partitions[index].queue.take()
        demand -= partitions[index].demand.capacity
        partitions[index].demand.dispatch(&queue) { id, batch in place(.deliver(batch, to: id)) }
        demand += partitions[index].demand.capacity
        partitions[index].queue = queue
    }

    /// What is unclaimed takes up no room.
    private func room(in index: Int) -> Int {
        if isUnclaimed(index) { return .max }
        return max(0, partitions[index].demand.capacity + queueLimit - partitions[index].queue.count)
    }

    private func isUnclaimed(_ index: Int) -> Bool {
        isClosed && partitions[index].demand.isEmpty
    }
}

extension PartitionCore: DispatcherCore {}
