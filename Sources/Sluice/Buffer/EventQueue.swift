import DequeModule

/// Events in order, kept in the arrays in which they came, so that a batch that passes through whole is never copied.
package struct EventQueue<Event: Sendable>: Sendable {
    private struct Segment: Sendable {
        var events: [Event]
        var start: Int
        var count: Int { events.count - start }
    }

    // The first batch is held inline: the usual queue of one batch costs no allocation of its own.
    private var head: Segment?
    private var rest: Deque<Segment> = []

    /// How many events there are.
    package private(set) var count = 0

    /// Whether there are none.
    package var isEmpty: Bool { count == 0 }

    package init() {}

    /// Adds events at the end.
    package mutating func append(_ events: [Event]) {
        guard !events.isEmpty else { return }
        append(Segment(events: events, start: 0))
    }

    /// Adds another queue's events at the end.
    package mutating func append(_ other: consuming EventQueue) {
        while let segment = other.popSegment() { append(segment) }
    }

    /// Takes the first `count` events; all of them if there are fewer.
    package mutating func removeFirst(_ count: Int) -> [Event] {
        guard var first = popSegment() else { return [] }
        if first.count <= count, first.start == 0 {
            var events = first.events
            while events.count < count, var next = popSegment() {
                let taken = Swift.min(count - events.count, next.count)
                events.append(contentsOf: next.events[next.start..<next.start + taken])
                next.start += taken
                pushFront(next)
            }
            return events
        }
        let taken = Swift.min(count, first.count)
        var events = Array(first.events[first.start..<first.start + taken])
        first.start += taken
        pushFront(first)
        if events.count < count, !isEmpty { events += removeFirst(count - events.count) }
        return events
    }

    private mutating func append(_ segment: Segment) {
        count += segment.count
        if head == nil { head = segment } else { rest.append(segment) }
    }

    private mutating func popSegment() -> Segment? {
        guard let segment = head else { return nil }
        head = rest.popFirst()
        count -= segment.count
        return segment
    }

    private mutating func pushFront(_ segment: Segment) {
        guard segment.count > 0 else { return }
        count += segment.count
        if let head { rest.prepend(head) }
        head = segment
    }
}
