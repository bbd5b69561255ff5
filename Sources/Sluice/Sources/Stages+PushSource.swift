extension Stages {
    /// Starts the stage that emits what is pushed.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - source: Where to push; it is started once.
    ///   - options: How to treat what it emits.
    /// - Returns: The handle by which consumers subscribe. If the source was started before, the graph fails with
    ///   ``StageError/Code/alreadyStarted``.
    public func start<Event: Sendable>(
        _ name: String? = nil,
        from source: PushSource<Event>,
        options: EmissionOptions<Event> = .init()
    ) -> StageHandle<PushProducer<Event>> {
        start(name, from: source, options: options) { $0 }
    }

    /// Starts the stage that emits what is pushed, transformed.
    ///
    /// ```swift
    /// let even = stages.start(from: numbers) { $0.filter { $0.isMultiple(of: 2) } }
    /// ```
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - source: Where to push; it is started once.
    ///   - options: How to treat what it emits.
    ///   - make: Makes the stage's value out of the producer of what is pushed, in the stage's own task. A thrown error
    ///     is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe. If the source was started before, the graph fails with
    ///   ``StageError/Code/alreadyStarted``.
    public func start<Event: Sendable, S: Producer>(
        _ name: String? = nil,
        from source: PushSource<Event>,
        options: EmissionOptions<S.Output> = .init(),
        _ make: @escaping @Sendable (PushProducer<Event>) async throws -> S
    ) -> StageHandle<S> {
        guard source.markStarted() else {
            return start(name) { () throws -> S in throw Self.startedBefore }
        }
        let attachment = PushAttachment(source, scope)
        return attached(attachment, to: start(name, options: options) { try await attachment.run(in: $0, make) })
    }

    /// Starts the stage that emits what is pushed, whose events a dispatcher of the caller's choice gives to its consumers.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - source: Where to push; it is started once.
    ///   - dispatcher: Who gets which events.
    ///   - options: How to treat what it emits.
    /// - Returns: The handle by which consumers subscribe. If the source was started before, the graph fails with
    ///   ``StageError/Code/alreadyStarted``.
    public func start<Event: Sendable, D: Dispatcher>(
        _ name: String? = nil,
        from source: PushSource<Event>,
        dispatcher: D,
        options: EmissionOptions<Event> = .init()
    ) -> DispatchingStage<PushProducer<Event>, D> where D.Event == Event {
        guard source.markStarted() else {
            return start(name, dispatcher: dispatcher) { () throws -> PushProducer<Event> in throw Self.startedBefore }
        }
        let attachment = PushAttachment(source, scope)
        let stage = start(name, dispatcher: dispatcher, options: options) { context in
            try await attachment.run(in: context) { $0 }
        }
        return DispatchingStage(stage: attached(attachment, to: stage.stage))
    }

    private static var startedBefore: StageError {
        StageError(.alreadyStarted, "A push source feeds one stage, and was started before")
    }

    /// A graph that is ending has refused the stage, and keeps its closure as long as its handle.
    private func attached<Event, S>(_ attachment: PushAttachment<Event>, to handle: StageHandle<S>) -> StageHandle<S> {
        if handle.storage.machine.withLock({ $0.wasCancelled }) { attachment.end() }
        return handle
    }
}
