extension Stages {
    /// Starts a producer whose events a dispatcher of the caller's choice gives to its consumers.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - options: How to treat what it emits.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe.
    public func start<S: Producer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        options: EmissionOptions<S.Output> = .init(),
        _ make: @escaping @Sendable () async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        DispatchingStage(
            stage: start(name, .producer, dispatcher.makeCore(), options, nil) { _ in RunningProducer(try await make())
            }
        )
    }

    /// Starts such a producer that is given its context, to be woken by others.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - options: How to treat what it emits.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe.
    public func start<S: Producer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        options: EmissionOptions<S.Output> = .init(),
        _ make: @escaping @Sendable (StageContext) async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        DispatchingStage(
            stage: start(name, .producer, dispatcher.makeCore(), options, nil) { RunningProducer(try await make($0)) }
        )
    }

    /// Starts a stage that receives events, and whose own a dispatcher of the caller's choice gives to its consumers.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - options: How to treat what it emits.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe; its stage subscribes to others.
    public func start<S: ProducerConsumer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        options: EmissionOptions<S.Output> = .init(),
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        DispatchingStage(
            stage: start(name, .producerConsumer, dispatcher.makeCore(), options, lost) { _ in
                RunningProducerConsumer(try await make())
            }
        )
    }

    /// Starts such a stage that asks for itself.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - options: How to treat what it emits.
    ///   - lost: Told of events that the stage has received and that a failure has left to nobody, with the error.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe; its stage subscribes to others.
    public func start<S: ManualProducerConsumer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        options: EmissionOptions<S.Output> = .init(),
        lost: LostEvents<S>? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        DispatchingStage(
            stage: start(name, .producerConsumer, dispatcher.makeCore(), options, lost) { _ in
                RunningManualProducerConsumer(try await make())
            }
        )
    }
}
