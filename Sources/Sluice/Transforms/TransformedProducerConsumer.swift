/// A stage between others whose output is transformed before it leaves the stage.
///
/// It is made by `map`, `filter`, `flatMap`, `compactMap` and `tap` on such a stage, and is itself one: started once, it
/// is one stage, however many transforms it is made of. The order is that of the base.
public struct TransformedProducerConsumer<Base: ProducerConsumer, Output: Sendable>: ProducerConsumer {
    /// The events that the stage receives: those of the base.
    public typealias Input = Base.Input

    /// The stage whose output is transformed; a `perform` reaches it here.
    public var base: Base

    private let transform: ([Base.Output]) throws -> [Output]

    // See TransformedProducer.
    @usableFromInline
    init(_ base: consuming Base, _ transform: @escaping ([Base.Output]) throws -> [Output]) {
        self.base = base
        self.transform = transform
    }

    /// Transforms what the base makes of the events.
    ///
    /// If nothing is left of it, the consumers' demand stays, and the stage goes on with its next events.
    ///
    /// - Parameter events: At least 1 event.
    /// - Returns: The events to emit, in order.
    /// - Throws: What the base throws, or a transform; it fails the whole graph.
    public mutating func handleEvents(_ events: [Input]) async throws -> [Output] {
        try transform(try await base.handleEvents(events))
    }

    /// Transforms what the base has kept.
    ///
    /// - Returns: The last events to emit, in order.
    /// - Throws: What the base throws, or a transform; it fails the whole graph.
    public mutating func handleEnd() async throws -> [Output] {
        let rest = try await base.handleEnd()
        return rest.isEmpty ? [] : try transform(rest)
    }
}
