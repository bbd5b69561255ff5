/// A graph of stages that is being wired or runs; see ``withStages(clock:measuring:reporting:_:)``.
///
/// A stage that is started when the graph is ending never runs, and every call on its handle throws.
public struct Stages: Sendable {
    let scope: ScopeStorage
    /// The group of the stages that are started by this value.
    var group = SupervisionTree.root
    /// What those stages run on; nil: what `withStages` was called on.
    var executor: (any TaskExecutor)?

    /// The same graph, with another executor for the stages that are started by the returned value.
    ///
    /// ```swift
    /// let light = stages.on(ThreadExecutor())
    /// let parsed = light.start { Parser() }
    /// let routed = light.start { Router() }
    /// ```
    ///
    /// A stage's handlers, what they start as child tasks, its timers and its workers run there. Its dispatcher runs where
    /// the neighbour does that made something deliverable.
    ///
    /// - Parameter executor: Kept alive by the stages.
    /// - Returns: A value of the same graph and the same group.
    public func on(_ executor: any TaskExecutor) -> Stages {
        Stages(scope: scope, group: group, executor: executor)
    }

    /// Lets the sources run before the body of `withStages` has returned.
    public func go() {
        scope.go()
    }

    /// Stops the sources, and lets everything that is inside come to its end.
    ///
    /// A source that waits in its handler is interrupted by cancelling its task; what it returns is delivered. Other
    /// stages end when all before them has been handled.
    ///
    /// - Parameter deadline: When it has passed, every stage is cancelled, and `withStages` throws
    ///   ``StageError/Code/drainDeadlineExceeded`` with the names of those that had not ended; nil: no deadline. What was
    ///   left is in the error's cause, a ``DrainReport``, which is also reported: see ``withStages(clock:measuring:reporting:_:)``.
    public func drain(within deadline: Duration? = nil) {
        scope.drain(within: deadline)
    }

    /// Ends every stage now; what is inside is dropped.
    ///
    /// `withStages` then throws `CancellationError`.
    public func cancel() {
        scope.cancel()
    }

    /// Every stage's books.
    ///
    /// Meaningful only while nothing of the graph runs, as between the jobs of a deterministic executor.
    package var snapshots: [StageSnapshot] { scope.snapshots }
}

/// Told of events that a stage has received and that a failure has left to nobody, and of the error.
///
/// Called by the stage's task; the events of a call are of one producer, and in order.
public typealias LostEvents<S: Stage> = @Sendable ([S.Input], any Error) -> Void

extension Stages {
    /// Starts a producer.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - options: How to treat what it emits.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe.
    public func start<S: Producer>(
        _ name: String? = nil,
        options: EmissionOptions<S.Output> = .init(),
        _ make: @escaping @Sendable () async throws -> S
    ) -> StageHandle<S> {
        start(name, options: options) { _ in try await make() }
    }

    /// Starts a producer that is given its context, to be woken by others.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - options: How to treat what it emits.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe.
    public func start<S: Producer>(
        _ name: String? = nil,
        options: EmissionOptions<S.Output> = .init(),
        _ make: @escaping @Sendable (StageContext) async throws -> S
    ) -> StageHandle<S> {
        start(name, .producer, options, nil) { RunningProducer(try await make($0)) }
    }

    /// Starts a stage that receives and emits events.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - options: How to treat what it emits.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which to subscribe it, and to it.
    public func start<S: ProducerConsumer>(
        _ name: String? = nil,
        options: EmissionOptions<S.Output> = .init(),
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> StageHandle<S> {
        start(name, .producerConsumer, options, lost) { _ in RunningProducerConsumer(try await make()) }
    }

    /// Starts a consumer.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which to subscribe it.
    public func start<S: Consumer>(
        _ name: String? = nil,
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> StageHandle<S> {
        start(name, .consumer, lost) { _ in RunningConsumer(try await make()) }
    }

    /// Starts a consumer that asks for itself.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which to subscribe it.
    public func start<S: ManualConsumer>(
        _ name: String? = nil,
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> StageHandle<S> {
        start(name, .consumer, lost) { _ in RunningManualConsumer(try await make()) }
    }

    /// Starts a stage that receives and emits events and asks for itself.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - options: How to treat what it emits.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which to subscribe it, and to it.
    public func start<S: ManualProducerConsumer>(
        _ name: String? = nil,
        options: EmissionOptions<S.Output> = .init(),
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> StageHandle<S> {
        start(name, .producerConsumer, options, lost) { _ in RunningManualProducerConsumer(try await make()) }
    }

    private func start<S: EmittingStage>(
        _ name: String?,
        _ kind: StageKind,
        _ options: EmissionOptions<S.Output>,
        _ lost: LostEvents<S>?,
        _ make: @escaping StageStorage.Make
    ) -> StageHandle<S> {
        start(name, kind, DemandCore(), options, lost, make)
    }

    func start<S: EmittingStage>(
        _ name: String?,
        _ kind: StageKind,
        _ dispatcher: any DispatcherCore,
        _ options: EmissionOptions<S.Output>,
        _ lost: LostEvents<S>?,
        crew: (any PoolCrew)? = nil,
        _ make: @escaping StageStorage.Make
    ) -> StageHandle<S> {
        var discardHook: Outlet.DiscardHook?
        if let discarded = options.discarded {
            discardHook = { events, reason in discarded(events.array(of: S.Output.self), reason) }
        }
        return start(
            name,
            kind,
            lost,
            Outlet(dispatcher: dispatcher, discardHook: discardHook),
            options.policy,
            StageStorage.weigher(options.weight),
            options.startsPaused,
            crew,
            make
        )
    }

    private func start<S: Stage>(
        _ name: String?,
        _ kind: StageKind,
        _ lost: LostEvents<S>?,
        _ outlet: consuming Outlet = Outlet(dispatcher: DemandCore(), discardHook: nil),
        _ buffer: BufferPolicy = .unbounded,
        _ weigh: StageStorage.Weigh? = nil,
        _ startsPaused: Bool = false,
        _ crew: (any PoolCrew)? = nil,
        _ make: @escaping StageStorage.Make
    ) -> StageHandle<S> {
        let storage = StageStorage(
            id: scope.newStageID(),
            name: name ?? "\(S.self)",
            kind: kind,
            outlet: outlet,
            buffer: buffer,
            weigh: weigh,
            startsPaused: startsPaused,
            scope: scope,
            lostHook: StageStorage.hook(lost),
            crew: crew,
            executor: executor,
            make: make
        )
        scope.start(storage, in: group)
        return StageHandle(storage: storage)
    }
}
