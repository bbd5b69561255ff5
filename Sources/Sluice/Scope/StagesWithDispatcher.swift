extension Stages {
    /// Starts a producer whose events a dispatcher of the caller's choice gives to its consumers.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - discarded: Told of events that the dispatcher gave to nobody, by whoever delivers; must not block.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe.
    public func start<S: Producer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        discarded: (@Sendable ([S.Output], DiscardReason) -> Void)? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        start(name, .producer, dispatcher, discarded) { _ in RunningProducer(try await make()) }
    }

    /// Starts such a producer that is given its context, to be woken by others.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - discarded: Told of events that the dispatcher gave to nobody, by whoever delivers; must not block.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe.
    public func start<S: Producer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        discarded: (@Sendable ([S.Output], DiscardReason) -> Void)? = nil,
        _ make: @escaping @Sendable (StageContext) async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        start(name, .producer, dispatcher, discarded) { RunningProducer(try await make($0)) }
    }

    /// Starts a stage that receives events, and whose own a dispatcher of the caller's choice gives to its consumers.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - discarded: Told of events that the dispatcher gave to nobody, by whoever delivers; must not block.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe; its stage subscribes to others.
    public func start<S: ProducerConsumer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        discarded: (@Sendable ([S.Output], DiscardReason) -> Void)? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        start(name, .producerConsumer, dispatcher, discarded) { _ in RunningProducerConsumer(try await make()) }
    }

    /// Starts such a stage that asks for itself.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - dispatcher: Who gets which events.
    ///   - discarded: Told of events that the dispatcher gave to nobody, by whoever delivers; must not block.
    ///   - make: Makes the stage's value, in the stage's own task. A thrown error is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe; its stage subscribes to others.
    public func start<S: ManualProducerConsumer, D: Dispatcher>(
        _ name: String? = nil,
        dispatcher: D,
        discarded: (@Sendable ([S.Output], DiscardReason) -> Void)? = nil,
        _ make: @escaping @Sendable () async throws -> S
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        start(name, .producerConsumer, dispatcher, discarded) { _ in RunningManualProducerConsumer(try await make()) }
    }

    private func start<S: EmittingStage, D: Dispatcher>(
        _ name: String?,
        _ kind: StageKind,
        _ dispatcher: D,
        _ discarded: (@Sendable ([S.Output], DiscardReason) -> Void)?,
        _ make: @escaping StageStorage.Make
    ) -> DispatchingStage<S, D> where D.Event == S.Output {
        var discardHook: Outlet.DiscardHook?
        if let discarded {
            discardHook = { events, reason in discarded(events.array(of: D.Event.self), reason) }
        }
        let outlet = Outlet(dispatcher: dispatcher.makeCore(), discardHook: discardHook)
        return DispatchingStage(stage: start(name, kind, outlet, make))
    }
}
