extension StageHandle {
    /// Runs a closure inside the stage, between two calls of its handlers: never during one.
    ///
    /// A producer that had nothing is called again afterwards; so a producer that is fed this way returns an empty
    /// array instead of waiting.
    ///
    /// - Parameter body: Reads and changes the stage's value. An error that it throws goes to the caller and does not
    ///   fail the stage.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws; ``StageError/Code/wouldDeadlock`` if the stage waits for the caller;
    ///   ``StageError/Code/stageEnded`` or the graph's first failure if the stage has ended; `CancellationError` if the
    ///   task is cancelled before the closure has begun.
    @discardableResult
    public func perform<Result: Sendable>(
        _ body: @escaping @Sendable (inout S) async throws -> Result
    ) async throws -> Result {
        try await call({ $0.perform($1) }, body)
    }

    /// Runs a closure inside the stage like ``perform(_:)``, but in its place among the stage's events: when everything
    /// that the stage holds now has left it.
    ///
    /// So it runs when what waits for the handler has been handled, and what the stage has emitted by then has been
    /// delivered or dropped by its buffer's policy. Events that come later may be handled or delivered before it too, in
    /// one batch with earlier ones. Several such closures run in the order of the calls. Events that a dispatcher keeps in
    /// queues of its own, and those that a pool's workers have, count as having left the stage.
    ///
    /// - Parameter body: Reads and changes the stage's value. An error that it throws goes to the caller and does not
    ///   fail the stage.
    /// - Returns: What the closure returns.
    /// - Throws: As ``perform(_:)``; ``StageError/Code/stageEnded`` also if the stage ends before the closure's turn.
    @discardableResult
    public func notify<Result: Sendable>(
        _ body: @escaping @Sendable (inout S) async throws -> Result
    ) async throws -> Result {
        try await call({ $0.notify($1) }, body)
    }

    fileprivate func call<Result: Sendable>(
        _ enqueue: @escaping @Sendable (inout StageMachine, PerformRequest) -> StageMachine.Effects?,
        _ body: @escaping @Sendable (inout S) async throws -> Result
    ) async throws -> Result {
        let callers = CallChain.stages
        guard !callers.contains(storage.id) else {
            throw StageError(.wouldDeadlock, "A call inside '\(name)' waits for that call itself")
        }
        // Once it is enqueued, the stage may begin it before it can be taken back.
        if Task.isCancelled { throw storage.scope.firstFailure ?? CancellationError() }
        let call = PendingCall()
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let request = PerformRequest(
                    callers: callers,
                    run: { value in
                        do {
                            continuation.resume(returning: try await body(&value.cell(of: S.self).place.pointee))
                        } catch {
                            continuation.resume(throwing: error)
                        }
                    },
                    fail: { continuation.resume(throwing: $0) }
                )
                storage.enqueue(request, enqueue)
                if call.enqueued(request) { storage.withdraw(request) }
            }
        } onCancel: {
            if let request = call.cancelled() { storage.withdraw(request) }
        }
    }
}

extension StageHandle where S: EmittingStage {
    // Disfavoured, so that a trailing closure that only reads an array of events emits nothing.

    /// Runs a closure inside the stage like ``perform(_:)``, and emits what it returns.
    ///
    /// The events go behind everything that the stage has emitted, whether or not its consumers want them; what they do
    /// not want is kept, and lowers the next demand. The call does not wait for their delivery.
    ///
    /// - Parameter body: Reads and changes the stage's value, and returns the events to emit, in order. An error that it
    ///   throws goes to the caller and does not fail the stage; nothing is then emitted.
    /// - Throws: As ``perform(_:)``.
    @_disfavoredOverload
    public func perform(emitting body: @escaping @Sendable (inout S) async throws -> [S.Output]) async throws {
        try await call({ $0.perform($1) }) { storage.emit(try await body(&$0)) }
    }

    /// Runs a closure in its place among the stage's events like ``notify(_:)``, and emits what it returns.
    ///
    /// - Parameter body: Reads and changes the stage's value, and returns the events to emit, in order. An error that it
    ///   throws goes to the caller and does not fail the stage; nothing is then emitted.
    /// - Throws: As ``notify(_:)``.
    @_disfavoredOverload
    public func notify(emitting body: @escaping @Sendable (inout S) async throws -> [S.Output]) async throws {
        try await call({ $0.notify($1) }) { storage.emit(try await body(&$0)) }
    }
}

extension StageStorage {
    fileprivate func emit<Event: Sendable>(_ events: [Event]) {
        let batch = EventBatch(events)
        let weights = weigh?(batch) ?? []
        apply { $0.emit(batch, weighing: weights) }
    }

    fileprivate func enqueue(
        _ request: PerformRequest,
        _ enqueue: (inout StageMachine, PerformRequest) -> StageMachine.Effects?
    ) {
        var isAccepted = false
        apply { machine in
            guard let effects = enqueue(&machine, request) else { return StageMachine.Effects() }
            isAccepted = true
            return effects
        }
        if !isAccepted { request.fail(scope.firstFailure ?? StageError(.stageEnded, "Stage '\(name)' has ended")) }
    }

    /// Fails a request that has not begun; one that has begun runs to its end.
    fileprivate func withdraw(_ request: PerformRequest) {
        if machine.withLock({ $0.withdraw(request) }) { request.fail(CancellationError()) }
    }
}

/// A call that may be cancelled before its request exists.
private final class PendingCall: Sendable {
    private let state = Lock<(request: PerformRequest?, isCancelled: Bool)>((nil, false))

    /// - Returns: Whether the task was cancelled before.
    func enqueued(_ request: PerformRequest) -> Bool {
        state.withLock { state in
            state.request = request
            return state.isCancelled
        }
    }

    /// - Returns: The request, if it exists.
    func cancelled() -> PerformRequest? {
        state.withLock { state in
            state.isCancelled = true
            return state.request
        }
    }
}
