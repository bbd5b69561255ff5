extension Stages {
    /// Starts a stage between others that is also called when a time has come.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - options: How to treat what it emits.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error; not of
    ///     those that its value kept.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which to subscribe it, and to it.
    public func start<S: TimedProducerConsumer>(
        _ name: String? = nil,
        options: EmissionOptions<S.Output> = .init(),
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> StageHandle<S> {
        start(name, .producerConsumer, DemandCore(), options, lost) { _ in RunningTimedStage(try await make()) }
    }

    /// Starts such a stage whose events a dispatcher of the caller's choice gives to its consumers.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - options: How to treat what it emits.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error; not of
    ///     those that its value kept.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe; its stage subscribes to others.
    public func start<S: TimedProducerConsumer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        options: EmissionOptions<S.Output> = .init(),
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        DispatchingStage(
            stage: start(name, .producerConsumer, dispatcher.makeCore(), options, lost) { _ in
                RunningTimedStage(try await make())
            }
        )
    }
}
