/// Events in one array, without their type: the engine moves and counts batches, and only a stage's own functions, which
/// know the type, look inside.
///
/// So the engine is not generic, and nothing on the way of a batch has to look up a type's metadata.
@usableFromInline
package struct EventBatch: @unchecked Sendable {
    // The array's storage, which nobody changes while it is shared; its elements are Sendable, see the initializer.
    @usableFromInline
    let storage: AnyObject
    @usableFromInline
    let start: Int

    /// How many events there are.
    @usableFromInline
    package let count: Int

    private init(storage: AnyObject, start: Int, count: Int) {
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// No events, of any type: all empty arrays have the same storage.
    static var empty: EventBatch { EventBatch([Never]()) }

    /// Wraps an array; neither it nor anything else is copied or allocated.
    @inlinable
    package init<Event: Sendable>(_ events: [Event]) {
        count = events.count
        start = 0
        #if canImport(ObjectiveC)
            // There an Array may be a foreign object in disguise; a ContiguousArray is what is described below.
            storage = unsafeBitCast(ContiguousArray(events), to: AnyObject.self)
        #else
            // An Array is a frozen struct around a frozen struct around one reference, to its storage: so it has the size
            // of a reference to any object, and is retained and released in the same way.
            storage = unsafeBitCast(events, to: AnyObject.self)
        #endif
    }

    /// Adds an event to a whole array, in place if nobody else has that; not to a part of one.
    @inlinable
    package mutating func append<Event: Sendable>(_ event: Event) {
        var events = wholeArray(of: Event.self)
        // So the array is not shared while it grows.
        self = EventBatch([Event]())
        events.append(event)
        self = EventBatch(events)
    }

    /// The first events; at most ``count``.
    package func prefix(_ count: Int) -> EventBatch {
        EventBatch(storage: storage, start: start, count: count)
    }

    /// The events after the first ones; at most ``count``.
    @usableFromInline
    package func dropFirst(_ count: Int) -> EventBatch {
        EventBatch(storage: storage, start: start + count, count: self.count - count)
    }

    /// The events as an array of their own type; without a copy if that was the batch's own.
    consuming func array<Event: Sendable>(of type: Event.Type) -> [Event] {
        let (start, count) = (start, count)
        let events = wholeArray(of: type)
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
        events += wholeArray(of: Event.self)[start..<start + count]
    }

    @inlinable
    consuming func wholeArray<Event: Sendable>(of type: Event.Type) -> [Event] {
        // Handles are typed: a stage can only subscribe to one whose output is its input. So this is the array's type.
        #if canImport(ObjectiveC)
            Array(unsafeBitCast(storage, to: ContiguousArray<Event>.self))
        #else
            unsafeBitCast(storage, to: [Event].self)
        #endif
    }
}
