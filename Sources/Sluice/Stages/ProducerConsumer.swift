/// A stage between others: it receives events and emits events.
///
/// It runs only while its consumers want more than it has already emitted, so it stops when they stop.
public protocol ProducerConsumer<Input, Output>: EmittingStage, AutomaticStage {
    /// The events that the stage receives.
    override associatedtype Input: Sendable

    /// The events that the stage emits.
    override associatedtype Output: Sendable

    /// Turns events into any number of others.
    ///
    /// The events come in the order in which their producer emitted them. The next events are asked for when what this
    /// call returned has been delivered.
    ///
    /// - Parameter events: At least 1 and at most `maxDemand - minDemand` events of one subscription.
    /// - Returns: The events to emit, in order; more than the consumers want are kept until they want them.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEvents(_ events: [Input]) async throws -> [Output]
}
