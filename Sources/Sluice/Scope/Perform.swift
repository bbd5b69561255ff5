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
                storage.enqueue(request)
                if call.enqueued(request) { storage.withdraw(request) }
            }
        } onCancel: {
            if let request = call.cancelled() { storage.withdraw(request) }
        }
    }
}

extension StageStorage {
    fileprivate func enqueue(_ request: PerformRequest) {
        var isAccepted = false
        apply { machine in
            guard let effects = machine.perform(request) else { return StageMachine.Effects() }
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
