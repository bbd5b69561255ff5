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

    /// Gives out what the stage has kept: called once, when all producers have finished and every event was handled.
    ///
    /// The stage takes no more subscriptions from here on, and ends after the call. It is not called when the graph is
    /// cancelled or the stage has lost its last consumer. The default returns nothing.
    ///
    /// - Returns: The last events, emitted after everything else whether or not the consumers want them yet.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEnd() async throws -> [Output]
}

extension ProducerConsumer {
    /// Keeps nothing, and gives out nothing.
    public mutating func handleEnd() async throws -> [Output] { [] }
}
