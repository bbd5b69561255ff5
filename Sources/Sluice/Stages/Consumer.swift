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
}
