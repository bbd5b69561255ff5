/// A producer whose events are transformed before they leave the stage.
///
/// It is made by `map`, `filter`, `flatMap`, `compactMap` and `tap` on a producer, and is itself one: started once, it is
/// one stage, however many transforms it is made of.
///
/// ```swift
/// let even = stages.start { Counter().filter { $0.isMultiple(of: 2) }.map { "\($0)" } }
/// ```
///
/// The order is that of the base. The base is called with the consumers' whole demand; if nothing is left of what it
/// returns, it is called again. So a `perform` on a stage whose transform drops everything waits until something is
/// left, or the base has nothing.
public struct TransformedProducer<Base: Producer, Output: Sendable>: Producer {
    /// The producer whose events are transformed; a `perform` reaches it here.
    public var base: Base

    private let transform: ([Base.Output]) throws -> [Output]

    // A transform takes a whole batch, and is made where the types are known: so its loop is compiled for them.
    @usableFromInline
    init(_ base: consuming Base, _ transform: @escaping ([Base.Output]) throws -> [Output]) {
        self.base = base
        self.transform = transform
    }

    /// Calls the base until something is left of what it returns, the base has nothing, or the stage is interrupted.
    ///
    /// - Parameter demand: How many events the consumers still want, at least 1.
    /// - Returns: What is left, which may be more than the demand; an empty array for *nothing now*; `nil` at the end.
    /// - Throws: What the base throws, or a transform; it fails the whole graph.
    public mutating func handleDemand(_ demand: Int) async throws -> [Output]? {
        while true {
            guard let events = try await base.handleDemand(demand) else { return nil }
            if events.isEmpty { return [] }
            let output = try transform(events)
            if !output.isEmpty || Task.isCancelled { return output }
            // A base that never waits must not keep its thread from whoever would interrupt it.
            await Task.yield()
        }
    }
}
