/// A stage that emits any number of events for each event: all of the first, then all of the second.
///
/// What is more than the consumers want is kept, and holds the next events back.
///
/// ```swift
/// let words = stages.start { FlatMap { (line: String) in line.split(separator: " ") } }
/// ```
public struct FlatMap<Input: Sendable, Output: Sendable>: ProducerConsumer {
    private let transform: ([Input]) throws -> [Output]

    /// Makes the stage.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    @inlinable
    public init<Events: Sequence<Output>>(_ transform: @escaping (Input) throws -> Events) {
        self.init(batches: { try $0.flatMap(transform) })
    }

    // See Map.
    @usableFromInline
    init(batches transform: @escaping ([Input]) throws -> [Output]) {
        self.transform = transform
    }

    /// Transforms the events.
    ///
    /// - Parameter events: At least 1 event.
    /// - Returns: The events to emit, in order.
    /// - Throws: What the closure throws; it fails the whole graph.
    public mutating func handleEvents(_ events: [Input]) async throws -> [Output] {
        try transform(events)
    }
}
