/// What knows the types of events and keys: it says which partition is whose.
protocol PartitionRouting: Sendable {
    /// How many partitions there are.
    var count: Int { get }

    /// The place of a key's partition; of a new one behind the others, if there may be new ones.
    ///
    /// - Throws: Why there is none.
    mutating func place(of key: any Sendable) throws -> Int

    /// Divides events among the partitions.
    ///
    /// - Parameters:
    ///   - events: In order.
    ///   - rooms: How many events each partition can take.
    ///   - waits: Whether to stop before the first event for a partition without room.
    /// - Returns: Every event, in one of the split's batches.
    func split(_ events: consuming EventQueue, into rooms: [Int], waits: Bool) -> PartitionSplit
}

/// The partitions by their keys.
struct KeyedRouting<Event: Sendable, Key: Hashable & Sendable>: PartitionRouting {
    private var places: [Key: Int] = [:]
    /// Whether a consumer can make a new partition.
    private let isOpen: Bool
    private let split: PartitionDispatcher<Event, Key>.Split

    init(keys: [Key], isOpen: Bool, split: @escaping PartitionDispatcher<Event, Key>.Split) {
        self.isOpen = isOpen
        self.split = split
        for key in keys where places[key] == nil { places[key] = places.count }
    }

    var count: Int { places.count }

    mutating func place(of key: any Sendable) throws -> Int {
        let key = try PartitionDispatcher<Event, Key>.typed(key)
        if let place = places[key] { return place }
        guard isOpen else {
            throw StageError(.refused, "There is no partition '\(key)'; it must be one of the dispatcher's keys")
        }
        let place = places.count
        places[key] = place
        return place
    }

    func split(_ events: consuming EventQueue, into rooms: [Int], waits: Bool) -> PartitionSplit {
        split(events.array(of: Event.self), places, rooms, waits)
    }
}

/// Where the events of a batch go.
@usableFromInline
struct PartitionSplit: Sendable {
    /// One for each partition.
    let parts: [EventBatch]
    /// For no partition that exists.
    let unrouted: EventBatch
    /// For partitions without room.
    let full: EventBatch
    /// Not looked at.
    let rest: EventBatch

    @usableFromInline
    init(parts: [EventBatch], unrouted: EventBatch, full: EventBatch, rest: EventBatch) {
        self.parts = parts
        self.unrouted = unrouted
        self.full = full
        self.rest = rest
    }

    /// Divides events, where their type is known: so the loop is compiled for it.
    ///
    /// - Parameters:
    ///   - events: In order.
    ///   - rooms: How many events each partition can take.
    ///   - waits: Whether to stop before the first event for a partition without room.
    ///   - place: An event's partition; nil if there is none.
    @inlinable
    init<Event: Sendable>(of events: [Event], into rooms: [Int], waits: Bool, place: (Event) -> Int?) {
        var rooms = rooms
        var parts = [[Event]](repeating: [], count: rooms.count)
        var unrouted: [Event] = []
        var full: [Event] = []
        var taken = 0
        while taken < events.count {
            let event = events[taken]
            if let place = place(event) {
                if rooms[place] > 0 {
                    rooms[place] -= 1
                    parts[place].append(event)
                } else if waits {
                    break
                } else {
                    full.append(event)
                }
            } else {
                unrouted.append(event)
            }
            taken += 1
        }
        self.init(
            parts: parts.map { EventBatch($0) },
            unrouted: EventBatch(unrouted),
            full: EventBatch(full),
            rest: EventBatch(events).dropFirst(taken)
        )
    }
}
