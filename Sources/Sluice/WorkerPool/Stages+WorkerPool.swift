extension Stages {
    /// Starts a pool of workers.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - options: How to treat its results; a pool never emits more than its consumers want.
    ///   - lost: Told of events that the pool has received and that a failure has left to nobody, with the error: what
    ///     workers had in hand when it failed; by `onFailure`, ``FailureAction/report(_:)`` does not come here.
    ///   - make: Makes the pool, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which to subscribe it and, if it emits, to it.
    public func start<Input, Output>(
        _ name: String? = nil,
        options: EmissionOptions<Output> = .init(),
        lost: LostEvents<WorkerPool<Input, Output>>? = nil,
        _ make: @escaping @Sendable () async throws -> WorkerPool<Input, Output>
    ) -> StageHandle<WorkerPool<Input, Output>> {
        let crew = Crew<Input, Output>()
        let kind: StageKind = WorkerPool<Input, Output>.emits ? .producerConsumer : .consumer
        return start(name, kind, DemandCore(), options, lost, crew: crew) { _ in
            RunningWorkerPool(try await make(), crew: crew)
        }
    }
}

extension StageHandle where S: PooledStage {
    /// Makes this pool a consumer of another stage.
    ///
    /// The first ask is for `maxDemand` events; then for one more whenever a slot that one of them had is free.
    ///
    /// - Parameters:
    ///   - producer: The stage to receive events from.
    ///   - maxDemand: The most events that may be on their way or in the pool, from 1 to 2^40; the pool's concurrency if
    ///     nil.
    ///   - mode: What the producer's end does to this stage.
    /// - Returns: The subscription, accepted by the producer.
    /// - Throws: ``StageError`` if the window is impossible, the pool has ended or the graph is ending; the first
    ///   failure if the graph has failed.
    @discardableResult
    public func subscribe<Source: EmittingStage>(
        to producer: StageHandle<Source>,
        maxDemand: Int? = nil,
        mode: SubscriptionMode = .transient
    ) async throws -> Subscription where Source.Output == S.Input {
        try await makeSubscription(to: producer, options: (), window: poolWindow(maxDemand), mode: mode)
    }

    /// Makes this pool a consumer of another stage, and says to that one's dispatcher what it is to get.
    ///
    /// - Parameters:
    ///   - producer: The stage to receive events from.
    ///   - options: For its dispatcher: a partition's key, for example.
    ///   - maxDemand: The most events that may be on their way or in the pool, from 1 to 2^40; the pool's concurrency if
    ///     nil.
    ///   - mode: What the producer's end does to this stage.
    /// - Returns: The subscription, accepted by the producer.
    /// - Throws: What the dispatcher threw if it refused; else as ``subscribe(to:maxDemand:mode:)``.
    @discardableResult
    public func subscribe<Source: EmittingStage, D: Dispatcher>(
        to producer: DispatchingStage<Source, D>,
        as options: D.Options,
        maxDemand: Int? = nil,
        mode: SubscriptionMode = .transient
    ) async throws -> Subscription where Source.Output == S.Input {
        try await makeSubscription(to: producer.stage, options: options, window: poolWindow(maxDemand), mode: mode)
    }

    private func poolWindow(_ maxDemand: Int?) throws -> DemandWindow? {
        guard let maxDemand else { return nil }
        guard (1...DemandLedger.limit).contains(maxDemand) else {
            throw StageError(
                .badWindow,
                "'\(name)' cannot subscribe with maxDemand \(maxDemand): it must be at least 1 and at most 2^40"
            )
        }
        return DemandWindow(min: 0, max: maxDemand)
    }

    /// What the pool has and has done; it may be read at any time, from any thread.
    public var counts: WorkerPoolCounts { storage.crew?.counts ?? WorkerPoolCounts() }
}
