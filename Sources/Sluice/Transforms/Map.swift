/// A stage that emits what a closure makes of each event, in the same order.
///
/// ```swift
/// let doubled = stages.start { Map { (number: Int) in number * 2 } }
/// ```
public struct Map<Input: Sendable, Output: Sendable>: ProducerConsumer {
    private let transform: ([Input]) throws -> [Output]

    /// Makes the stage.
    ///
    /// - Parameter transform: Called once for each event, in the stage's task. An error that it throws fails the graph.
    @inlinable
    public init(_ transform: @escaping (Input) throws -> Output) {
        self.init(batches: { try $0.map(transform) })
    }

    // Made where the types are known: so the loop over a batch is compiled for them.
    @usableFromInline
    init(batches transform: @escaping ([Input]) throws -> [Output]) {
        self.transform = transform
    }

    /// Transforms the events; as many leave as come.
    ///
    /// - Parameter events: At least 1 event.
    /// - Returns: The events to emit, in order.
    /// - Throws: What the closure throws; it fails the whole graph.
    public mutating func handleEvents(_ events: [Input]) async throws -> [Output] {
        try transform(events)
    }
}
