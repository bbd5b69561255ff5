/// A stage that emits only some of its events, in the same order; the others use up no demand of its consumers.
///
/// ```swift
/// let even = stages.start { Filter { (number: Int) in number.isMultiple(of: 2) } }
/// ```
public struct Filter<Event: Sendable>: ProducerConsumer {
    private let transform: ([Event]) throws -> [Event]

    /// Makes the stage.
    ///
    /// - Parameter isIncluded: Whether to emit an event. An error that it throws fails the graph.
    @inlinable
    public init(_ isIncluded: @escaping (Event) throws -> Bool) {
        self.init(batches: { try $0.filter(isIncluded) })
    }

    // See Map.
    @usableFromInline
    init(batches transform: @escaping ([Event]) throws -> [Event]) {
        self.transform = transform
    }

    /// Drops some of the events.
    ///
    /// - Parameter events: At least 1 event.
    /// - Returns: What is left, in order.
    /// - Throws: What the closure throws; it fails the whole graph.
    public mutating func handleEvents(_ events: [Event]) async throws -> [Event] {
        try transform(events)
    }
}
