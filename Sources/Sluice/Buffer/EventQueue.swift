import DequeModule

/// Events in order, kept in the batches in which they came, so that a batch that passes through whole is never copied.
package struct EventQueue: Sendable {
    // The first batch is held inline: the usual queue of one batch costs no allocation of its own.
    private var head: Batch?
    private var rest: Deque<Batch> = []

    /// How many events there are.
    package private(set) var count = 0

    /// Whether there are none.
    package var isEmpty: Bool { count == 0 }

    package init() {}

    package init(_ batch: Batch) {
        append(batch)
    }

    /// Adds events at the end.
    package mutating func append(_ batch: Batch) {
        guard batch.count > 0 else { return }
        count += batch.count
        if head == nil { head = batch } else { rest.append(batch) }
    }

    /// Adds another queue's events at the end.
    package mutating func append(_ other: consuming EventQueue) {
        if isEmpty {
            self = other
            return
        }
        while let batch = other.popBatch() { append(batch) }
    }

    /// Takes the first `count` events; all of them if there are fewer.
    package mutating func removeFirst(_ count: Int) -> EventQueue {
        if count >= self.count {
            defer { self = EventQueue() }
            return self
        }
        var taken = EventQueue()
        while taken.count < count, let batch = popBatch() {
            let missing = count - taken.count
            if batch.count <= missing {
                taken.append(batch)
            } else {
                taken.append(batch.prefix(missing))
                pushFront(batch.dropFirst(missing))
            }
        }
        return taken
    }

    /// All events as an array of their type.
    package func array<Event: Sendable>(of type: Event.Type = Event.self) -> [Event] {
        var events: [Event] = []
        if !rest.isEmpty { events.reserveCapacity(count) }
        head?.append(to: &events)
        for batch in rest { batch.append(to: &events) }
        return events
    }

    private mutating func popBatch() -> Batch? {
        guard let batch = head else { return nil }
        head = rest.popFirst()
        count -= batch.count
        return batch
    }

    private mutating func pushFront(_ batch: Batch) {
        count += batch.count
        if let head { rest.prepend(head) }
        head = batch
    }
}
