extension Stages {
    /// Starts the stage that emits what is pushed.
    ///
    /// - Parameters:
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - source: Where to push; it is started once.
    /// - Returns: The handle by which consumers subscribe. If the source was started before, the graph fails with
    ///   ``StageError/Code/alreadyStarted``.
    public func start<Event: Sendable>(
        _ name: String? = nil,
        from source: PushSource<Event>
    ) -> StageHandle<PushProducer<Event>> {
        start(name, from: source) { $0 }
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
    ///   - make: Makes the stage's value out of the producer of what is pushed, in the stage's own task. A thrown error
    ///     is a failure of the stage.
    /// - Returns: The handle by which consumers subscribe. If the source was started before, the graph fails with
    ///   ``StageError/Code/alreadyStarted``.
    public func start<Event: Sendable, S: Producer>(
        _ name: String? = nil,
        from source: PushSource<Event>,
        _ make: @escaping @Sendable (PushProducer<Event>) async throws -> S
    ) -> StageHandle<S> {
        guard source.markStarted() else {
            return start(name) { () throws -> S in
                throw StageError(.alreadyStarted, "A push source feeds one stage, and was started before")
            }
        }
        let attachment = PushAttachment(source, scope)
        let handle: StageHandle<S> = start(name) { context in
            source.run(in: context)
            return try await make(PushProducer(attachment: attachment))
        }
        // A graph that is ending has refused the stage, and keeps its closure as long as its handle.
        if handle.storage.machine.withLock({ $0.wasCancelled }) { attachment.end() }
        return handle
    }
}
