/// The end of the line: a stage that receives events.
public protocol Consumer<Input>: AutomaticStage where Output == Never {
    /// The events that the stage receives.
    override associatedtype Input: Sendable

    /// A consumer emits nothing.
    override associatedtype Output = Never

    /// Handles events.
    ///
    /// The next events are asked for when this returns: an ask means *handled*, not *received*.
    ///
    /// - Parameter events: At least 1 and at most `maxDemand - minDemand` events of one subscription, in the order in
    ///   which their producer emitted them.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEvents(_ events: [Input]) async throws

    /// Completes what the stage has begun, such as a file: called once, when all producers have finished and every
    /// event was handled.
    ///
    /// The stage takes no more subscriptions from here on, and ends after the call. It is not called when the graph is
    /// cancelled. The default does nothing.
    ///
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEnd() async throws
}

extension Consumer {
    /// Has nothing to complete.
    public mutating func handleEnd() async throws {}
}
