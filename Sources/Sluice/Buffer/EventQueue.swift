/// Events in order, kept in the batches in which they came, so that a batch that passes through whole is never copied.
package struct EventQueue: Sendable {
    private var batches = ShortQueue<EventBatch>()

    /// How many events there are.
    package private(set) var count = 0

    /// Whether there are none.
    package var isEmpty: Bool { count == 0 }

    package init() {}

    package init(_ batch: consuming EventBatch) {
        append(batch)
    }

    /// Adds events at the end.
    package mutating func append(_ batch: consuming EventBatch) {
        let size = batch.count
        guard size > 0 else { return }
        count += size
        batches.append(batch)
    }

    /// Adds another queue's events at the end.
    package mutating func append(_ other: consuming EventQueue) {
        count += other.count
        batches.append(other.batches)
    }

    /// Puts another queue's events before all others.
    package mutating func prepend(_ other: consuming EventQueue) {
        other.append(take())
        self = other
    }

    /// Takes the first `count` events; all of them if there are fewer.
    package mutating func removeFirst(_ count: Int) -> EventQueue {
        if count >= self.count { return take() }
        var taken = EventQueue()
        while taken.count < count, let batch = batches.popFirst() {
            let missing = count - taken.count
            if batch.count <= missing {
                taken.append(batch)
            } else {
                taken.append(batch.prefix(missing))
                batches.prepend(batch.dropFirst(missing))
            }
        }
        self.count -= taken.count
        return taken
    }

    /// Takes all events.
    mutating func take() -> EventQueue {
        let all = consume self
        self = EventQueue()
        return all
    }

    /// All events as an array of their type.
    package consuming func array<Event: Sendable>(of type: Event.Type = Event.self) -> [Event] {
        guard let batch = batches.popFirst() else { return [] }
        if batches.isEmpty { return batch.array(of: type) }
        var events: [Event] = []
        events.reserveCapacity(count)
        batch.append(to: &events)
        while let batch = batches.popFirst() { batch.append(to: &events) }
        return events
    }
}
