/// Events in one array, without their type: the engine moves and counts batches, and only a stage's own functions, which
/// know the type, look inside.
///
/// So the engine is not generic, and nothing on the way of a batch has to look up a type's metadata.
package struct Batch: Sendable {
    private let array: AnyEventArray
    private let start: Int

    /// How many events there are.
    package let count: Int

    private init(array: AnyEventArray, start: Int, count: Int) {
        self.array = array
        self.start = start
        self.count = count
    }

    /// Wraps an array; it is not copied.
    package init<Event: Sendable>(_ events: [Event]) {
        self.init(array: EventArray(events), start: 0, count: events.count)
    }

    /// Wraps another array of the same type; cheaper than to make a batch from nothing.
    func with<Event: Sendable>(_ events: [Event]) -> Batch {
        Batch(array: box(of: Event.self).sibling(events), start: 0, count: events.count)
    }

    /// The first events; at most ``count``.
    package func prefix(_ count: Int) -> Batch {
        Batch(array: array, start: start, count: count)
    }

    /// The events after the first ones; at most ``count``.
    package func dropFirst(_ count: Int) -> Batch {
        Batch(array: array, start: start + count, count: self.count - count)
    }

    /// The events as an array of their own type; without a copy if that was the batch's own.
    func array<Event: Sendable>(of type: Event.Type) -> [Event] {
        let events = allEvents(of: type)
        if events.count == count { return events }
        // Unlike a slice's, this copy does not look up a protocol's functions for each type anew.
        return Array(unsafeUninitializedCapacity: count) { copy, initialized in
            initialized = count
            events.withUnsafeBufferPointer { events in
                guard let source = events.baseAddress, let target = copy.baseAddress else { return }
                target.initialize(from: source + start, count: count)
            }
        }
    }

    /// Appends the events to an array of their own type.
    package func append<Event: Sendable>(to events: inout [Event]) {
        events += allEvents(of: Event.self)[start..<start + count]
    }

    private func allEvents<Event: Sendable>(of type: Event.Type) -> [Event] {
        box(of: type).events
    }

    private func box<Event: Sendable>(of type: Event.Type) -> EventArray<Event> {
        // Handles are typed: a stage can only subscribe to one whose output is its input. Debug builds check the cast.
        unsafeDowncast(array, to: EventArray<Event>.self)
    }
}

/// An array of events of a type that only its subclass knows.
private class AnyEventArray: @unchecked Sendable {
    // The subclass holds one constant of a Sendable type; a class that can be inherited from cannot say so itself.
}

private final class EventArray<Event: Sendable>: AnyEventArray, @unchecked Sendable {
    // One constant of a Sendable type.
    let events: [Event]

    required init(_ events: [Event]) {
        self.events = events
    }

    /// Wraps another array: an instance knows its type's metadata, which would have to be looked up otherwise.
    func sibling(_ events: [Event]) -> Self {
        Self(events)
    }
}
