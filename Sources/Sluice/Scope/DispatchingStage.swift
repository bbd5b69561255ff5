/// A started stage whose dispatcher wants to know something of each consumer.
public struct DispatchingStage<S: EmittingStage, D: Dispatcher>: Sendable where D.Event == S.Output {
    /// The stage itself: to subscribe it to others, and to talk to it.
    public let stage: StageHandle<S>

    /// Changes what a live subscription to this stage is to get, in one step.
    ///
    /// What its consumer has asked for stays asked for, and what the dispatcher keeps for it stays kept; no event comes in
    /// between.
    ///
    /// - Parameters:
    ///   - subscription: A consumer's subscription to this stage.
    ///   - options: For the dispatcher, in place of what was said before.
    /// - Throws: What the dispatcher throws if it refuses, and ``StageError/Code/refused`` if the subscription has ended or
    ///   is one to another stage of the graph; then nothing has changed. The graph's first failure if it has failed.
    public func resubscribe(_ subscription: Subscription, as options: D.Options) async throws {
        try stage.storage.scope.checkEnd()
        guard subscription.consumer.scope === stage.storage.scope else {
            throw StageError(.otherGraph, "The subscription to '\(stage.name)' is one of another graph")
        }
        let request = SubscriptionRequest(options: options)
        stage.storage.apply { $0.note(.resubscribed(subscription.id, request)) }
        try await request.answer()
    }
}

extension StageHandle where S: AutomaticStage {
    /// Makes this stage a consumer of another, and says to that one's dispatcher what it is to get.
    ///
    /// - Parameters:
    ///   - producer: The stage to receive events from.
    ///   - options: For its dispatcher: a partition's key, for example.
    ///   - maxDemand: The most events that may be on their way, from 1 to 2^40.
    ///   - minDemand: When to ask for more, from 0 to `maxDemand - 1`; half of `maxDemand` if nil.
    ///   - mode: What the producer's end does to this stage.
    /// - Returns: The subscription, accepted by the producer.
    /// - Throws: What the dispatcher threw if it refused, which changes nothing; else as
    ///   for a ``StageHandle``.
    @discardableResult
    public func subscribe<Source: EmittingStage, D: Dispatcher>(
        to producer: DispatchingStage<Source, D>,
        as options: D.Options,
        maxDemand: Int = 1000,
        minDemand: Int? = nil,
        mode: SubscriptionMode = .transient
    ) async throws -> Subscription where Source.Output == S.Input {
        try await makeSubscription(
            to: producer.stage,
            options: options,
            window: DemandWindow(of: name, maxDemand: maxDemand, minDemand: minDemand),
            mode: mode
        )
    }

    /// Makes this stage a consumer of another, whose dispatcher asks for nothing.
    ///
    /// - Parameters:
    ///   - producer: The stage to receive events from.
    ///   - maxDemand: The most events that may be on their way, from 1 to 2^40.
    ///   - minDemand: When to ask for more, from 0 to `maxDemand - 1`; half of `maxDemand` if nil.
    ///   - mode: What the producer's end does to this stage.
    /// - Returns: The subscription, accepted by the producer.
    /// - Throws: As for a ``StageHandle``.
    @discardableResult
    public func subscribe<Source: EmittingStage, D: Dispatcher>(
        to producer: DispatchingStage<Source, D>,
        maxDemand: Int = 1000,
        minDemand: Int? = nil,
        mode: SubscriptionMode = .transient
    ) async throws -> Subscription where Source.Output == S.Input, D.Options == Void {
        try await subscribe(to: producer, as: (), maxDemand: maxDemand, minDemand: minDemand, mode: mode)
    }
}

extension StageHandle where S: ManualStage {
    /// Makes this stage a consumer of another, and says to that one's dispatcher what it is to get.
    ///
    /// - Parameters:
    ///   - producer: The stage to receive events from.
    ///   - options: For its dispatcher: a partition's key, for example.
    ///   - mode: What the producer's end does to this stage.
    /// - Returns: The subscription, accepted by the producer.
    /// - Throws: What the dispatcher threw if it refused, which changes nothing; else as for a ``StageHandle``.
    @discardableResult
    public func subscribe<Source: EmittingStage, D: Dispatcher>(
        to producer: DispatchingStage<Source, D>,
        as options: D.Options,
        mode: SubscriptionMode = .transient
    ) async throws -> Subscription where Source.Output == S.Input {
        try await makeSubscription(to: producer.stage, options: options, window: nil, mode: mode)
    }
}
