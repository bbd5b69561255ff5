/// Events in order, in the batches in which they were emitted: to cut and to join them copies nothing.
public struct Events<Event: Sendable>: Sendable {
    package private(set) var queue: EventQueue

    package init(queue: consuming EventQueue) {
        self.queue = queue
    }

    /// No events.
    public init() {
        queue = EventQueue()
    }

    /// An array's events; it is not copied.
    public init(_ events: [Event]) {
        queue = EventQueue(EventBatch(events))
    }

    /// How many events there are.
    public var count: Int { queue.count }

    /// Whether there are none.
    public var isEmpty: Bool { queue.isEmpty }

    /// All events as an array; without a copy if they were emitted as one.
    public var array: [Event] { queue.array(of: Event.self) }

    /// Adds events at the end.
    public mutating func append(_ events: consuming Events) {
        queue.append(events.queue)
    }

    /// Puts events before all others.
    public mutating func prepend(_ events: consuming Events) {
        queue.prepend(events.queue)
    }

    /// Takes the first `count` events; all of them if there are fewer.
    public mutating func removeFirst(_ count: Int) -> Events {
        Events(queue: queue.removeFirst(count))
    }

    /// Takes all events.
    public mutating func removeAll() -> Events {
        Events(queue: queue.take())
    }

    /// Lets what does not know their type take events.
    mutating func untyped(_ take: (inout EventQueue) -> Void) {
        take(&queue)
    }
}
