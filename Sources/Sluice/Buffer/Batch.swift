/// Events in one array, without their type: the engine moves and counts batches, and only a stage's own functions, which
/// know the type, look inside.
///
/// So the engine is not generic, and nothing on the way of a batch has to look up a type's metadata.
package struct Batch: Sendable {
    fileprivate let array: AnyEventArray
    fileprivate let start: Int

    /// How many events there are.
    package let count: Int

    fileprivate init(array: AnyEventArray, start: Int, count: Int) {
        self.array = array
        self.start = start
        self.count = count
    }

    /// Wraps an array; it is not copied.
    package init<Event: Sendable>(_ events: [Event]) {
        self.init(array: EventArray(events), start: 0, count: events.count)
    }

    /// The first events; at most ``count``.
    package func prefix(_ count: Int) -> Batch {
        Batch(array: array, start: start, count: count)
    }

    /// The events after the first ones; at most ``count``.
    package func dropFirst(_ count: Int) -> Batch {
        Batch(array: array, start: start + count, count: self.count - count)
    }

    /// Appends the events to an array of their own type; an empty array takes a whole one over without a copy.
    package func append<Event: Sendable>(to events: inout [Event]) {
        // Handles are typed: a stage can only subscribe to one whose output is its input. Debug builds check the cast.
        let array = unsafeDowncast(array, to: EventArray<Event>.self)
        if events.isEmpty, start == 0, count == array.events.count {
            events = array.events
        } else {
            events += array.events[start..<start + count]
        }
    }
}

/// An array of events of a type that only its subclass knows.
private class AnyEventArray: @unchecked Sendable {
    // The subclass holds one constant of a Sendable type; a class that can be inherited from cannot say so itself.
}

private final class EventArray<Event: Sendable>: AnyEventArray, @unchecked Sendable {
    // One constant of a Sendable type.
    let events: [Event]

    init(_ events: [Event]) {
        self.events = events
    }
}
