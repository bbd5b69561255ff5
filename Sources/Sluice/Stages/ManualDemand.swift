/// One subscription as a manual stage sees it: the way to ask for events.
public struct ManualSubscription: Sendable, Identifiable {
    /// The subscription's identity; never reused within a graph.
    public let id: SubscriptionID

    let stage: StageStorage

    /// How many events were asked for and have not come to the handler: on their way, or waiting for it.
    ///
    /// A stage that is started afresh is told of its subscriptions again, and what was asked for is still to come.
    public var outstanding: Int { stage.machine.withLock { $0.unserved(of: id) } }

    var hasAsked: Bool { stage.machine.withLock { $0.hasAsked(id) } }

    /// Asks the producer for `count` more events.
    ///
    /// From a ``ManualConsumer`` the ask leaves at once. From a ``ManualProducerConsumer`` it leaves when what the
    /// stage has emitted by the end of the running call is delivered or fits its consumers' demand. What is outstanding
    /// never exceeds 2^40 events; an ask beyond that asks for as many as make it full.
    ///
    /// - Parameter count: How many more; 0 does nothing.
    public func ask(_ count: Int) {
        precondition(count >= 0, "Demand is a debt that is never taken back: asked for \(count) events")
        if count > 0 { stage.ask(count, by: id) }
    }
}

/// A consumer that decides itself how much to ask for and when.
public protocol ManualConsumer<Input>: ManualStage where Output == Never {
    /// The events that the stage receives.
    override associatedtype Input: Sendable

    /// A consumer emits nothing.
    override associatedtype Output = Never

    /// Told once for each subscription, and again when the stage is started afresh; make the first ask here.
    ///
    /// It comes before every ``StageHandle/perform(_:)`` and ``StageHandle/notify(_:)`` that is called after `subscribe`
    /// has returned.
    ///
    /// - Parameter subscription: Keep it to ask for more later.
    /// - Throws: Any error; it fails the whole graph.
    mutating func subscribed(_ subscription: ManualSubscription) async throws

    /// Handles events.
    ///
    /// - Parameters:
    ///   - events: The whole message as the producer sent it, at least 1 event; never more than was asked for.
    ///   - subscription: Where they came from.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEvents(_ events: [Input], from subscription: ManualSubscription) async throws

    /// Completes what the stage has begun, such as a file: called once, when all producers have finished and every
    /// event was handled.
    ///
    /// The stage takes no more subscriptions from here on, and ends after the call. It is not called when the graph is
    /// cancelled. The default does nothing.
    ///
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEnd() async throws
}

extension ManualConsumer {
    /// Has nothing to complete.
    public mutating func handleEnd() async throws {}
}

/// A stage between others that decides itself how much to ask for and when.
public protocol ManualProducerConsumer<Input, Output>: EmittingStage, ManualStage {
    /// The events that the stage receives.
    override associatedtype Input: Sendable

    /// The events that the stage emits.
    override associatedtype Output: Sendable

    /// Told once for each subscription, and again when the stage is started afresh; make the first ask here.
    ///
    /// It comes before every ``StageHandle/perform(_:)`` and ``StageHandle/notify(_:)`` that is called after `subscribe`
    /// has returned.
    ///
    /// - Parameter subscription: Keep it to ask for more later.
    /// - Throws: Any error; it fails the whole graph.
    mutating func subscribed(_ subscription: ManualSubscription) async throws

    /// Turns events into any number of others.
    ///
    /// Called only while the consumers want more than the stage has emitted.
    ///
    /// - Parameters:
    ///   - events: The whole message as the producer sent it, at least 1 event; never more than was asked for.
    ///   - subscription: Where they came from.
    /// - Returns: The events to emit, in order.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEvents(_ events: [Input], from subscription: ManualSubscription) async throws -> [Output]

    /// Gives out what the stage has kept: called once, when all producers have finished and every event was handled.
    ///
    /// The stage takes no more subscriptions from here on, and ends after the call. It is not called when the graph is
    /// cancelled or the stage has lost its last consumer. The default returns nothing.
    ///
    /// - Returns: The last events, emitted after everything else whether or not the consumers want them yet.
    /// - Throws: Any error; it fails the whole graph.
    mutating func handleEnd() async throws -> [Output]
}

extension ManualProducerConsumer {
    /// Keeps nothing, and gives out nothing.
    public mutating func handleEnd() async throws -> [Output] { [] }
}
