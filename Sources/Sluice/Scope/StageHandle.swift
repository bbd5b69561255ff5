/// A started stage.
public struct StageHandle<S: Stage>: Sendable {
    let storage: StageStorage

    /// The name that messages about the stage carry.
    public var name: String { storage.name }

    /// Lets a producer that had nothing be called again.
    ///
    /// It may be called from any thread and never waits. A wake during a call is remembered. It does nothing for other
    /// stages.
    public func wake() {
        storage.wake()
    }

    /// How many events its consumers want beyond everything that the stage has emitted.
    ///
    /// 0 means that the stage is held back; so it is for a consumer, which has no consumers of its own.
    public var demand: Int { storage.demand }
}

extension StageHandle where S: EmittingStage {
    /// Holds the stage back: nothing leaves it, and it is not called for its consumers' demand, until ``resume()``.
    ///
    /// A call that runs goes on, and what it returns is kept. Consumers may subscribe and ask meanwhile. A stage that has
    /// ended is not held back, and one that ends delivers what it has.
    public func pause() {
        storage.pause()
    }

    /// Ends a pause: what was kept is delivered first, in order.
    public func resume() {
        storage.resume()
    }

    /// Ends a subscription to this stage, from the producer's side.
    ///
    /// Nothing more is delivered; what was delivered before is still handled. With a reason the consumer's stage ends, as
    /// its subscription's mode says: see ``SubscriptionMode``. Nothing happens if the subscription has ended, or is one to
    /// another stage.
    ///
    /// - Parameters:
    ///   - subscription: A consumer's subscription to this stage.
    ///   - reason: What ``Subscription/end`` tells.
    public func disconnect(_ subscription: Subscription, because reason: (any Error)? = nil) {
        guard subscription.consumer.scope === storage.scope else { return }
        storage.disconnect(subscription.id, because: reason)
    }
}

extension StageHandle where S: AutomaticStage {
    /// Makes this stage a consumer of another.
    ///
    /// The producer never sends more than was asked for. The first ask is for `maxDemand` events. They are handled in
    /// chunks of at most `maxDemand - minDemand`; after a chunk that leaves `minDemand` or fewer outstanding, the stage
    /// asks for as many as make `maxDemand` again. Subscribing to a stage that has finished is accepted, and finishes
    /// after what is still held there.
    ///
    /// - Parameters:
    ///   - producer: The stage to receive events from.
    ///   - maxDemand: The most events that may be on their way, from 1 to 2^40.
    ///   - minDemand: When to ask for more, from 0 to `maxDemand - 1`; half of `maxDemand` if nil.
    ///   - mode: What the producer's end does to this stage.
    /// - Returns: The subscription, accepted by the producer.
    /// - Throws: ``StageError`` if the window is impossible, the stage has ended or the graph is ending; the first
    ///   failure if the graph has failed.
    @discardableResult
    public func subscribe<Source: EmittingStage>(
        to producer: StageHandle<Source>,
        maxDemand: Int = 1000,
        minDemand: Int? = nil,
        mode: SubscriptionMode = .transient
    ) async throws -> Subscription where Source.Output == S.Input {
        let window = try DemandWindow(of: name, maxDemand: maxDemand, minDemand: minDemand)
        return try await makeSubscription(to: producer, options: (), window: window, mode: mode)
    }
}

extension StageHandle where S: ManualStage {
    /// Makes this stage a consumer of another; it asks for itself, beginning in its `subscribed(_:)`.
    ///
    /// - Parameters:
    ///   - producer: The stage to receive events from.
    ///   - mode: What the producer's end does to this stage.
    /// - Returns: The subscription, accepted by the producer.
    /// - Throws: ``StageError`` if the stage has ended or the graph is ending; the first failure if it has failed.
    @discardableResult
    public func subscribe<Source: EmittingStage>(
        to producer: StageHandle<Source>,
        mode: SubscriptionMode = .transient
    ) async throws -> Subscription where Source.Output == S.Input {
        try await makeSubscription(to: producer, options: (), window: nil, mode: mode)
    }
}

extension StageHandle {
    func makeSubscription<Source: EmittingStage>(
        to producer: StageHandle<Source>,
        options: any Sendable,
        window: DemandWindow?,
        mode: SubscriptionMode
    ) async throws -> Subscription where Source.Output == S.Input {
        guard producer.storage.id != storage.id else {
            throw StageError(.selfSubscription, "'\(name)' cannot subscribe to itself")
        }
        guard producer.storage.scope === storage.scope else {
            throw StageError(.otherGraph, "'\(name)' cannot subscribe to '\(producer.name)': it is of another graph")
        }
        let id = try storage.scope.newSubscriptionID()
        let consumer = storage
        let ending = SubscriptionEnding()
        let isTaken = consumer.machine.withLock { machine in
            machine.subscribe(id, to: producer.storage, mode: mode, ending: ending, window: window)
        }
        guard isTaken else {
            throw StageError(.stageEnded, "'\(name)' cannot subscribe to '\(producer.name)': it has ended")
        }
        let request = SubscriptionRequest(options: options)
        producer.storage.subscribe(id, consumer, request)
        do {
            try await request.answer()
        } catch {
            consumer.apply { $0.refused(id) }
            throw error
        }
        consumer.apply { $0.accepted(id, window: window) }
        return Subscription(id: id, consumer: consumer, ending: ending)
    }
}
