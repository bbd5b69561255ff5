/// The one long-lived task of a stage.
extension StageStorage {
    /// Runs the stage to its end; a failure is reported to the scope.
    func run() async {
        await withUnsafeCurrentTask { task in
            guard let task else { return }
            if interruption.withLock({ $0.publish(task) }) { task.cancel() }
            await CallChain.$stages.withValue(CallChain.stages + [id]) { await runToTheEnd() }
            while !interruption.withLock({ $0.withdraw() }) { await Task.yield() }
        }
        let unserved = machine.withLock { $0.stop() }
        let error = scope.firstFailure ?? StageError(.stageEnded, "Stage '\(name)' has ended")
        for request in unserved { request.fail(error) }
    }

    private func runToTheEnd() async {
        let make = make.withLock { $0.take() }
        var stage: RunningStage?
        // They outlive the report of a failure: whoever learns of the stage's end by theirs can find out why.
        defer { withExtendedLifetime((make, stage)) {} }
        do {
            guard let make, !machine.withLock({ $0.wasCancelled }) else { return }
            let made = try await make(StageContext(wakeAction: { [self] in wake() }))
            stage = made
            try await made.run(in: self)
        } catch {
            let (wasCancelled, isDraining) = machine.withLock { ($0.wasCancelled, $0.isDraining) }
            if error is CancellationError, isDraining {
                apply { $0.finish() }
            } else if !(error is CancellationError && wasCancelled) {
                scope.failed(error)
            }
        }
    }

    /// The rare kinds of work, which are the same for all stages.
    ///
    /// - Returns: False when the stage has come to its end.
    func perform(_ work: consuming StageMachine.Work, _ stage: RunningStage) async throws -> Bool {
        switch work {
        case .subscribed(let id):
            try await stage.subscribed(ManualSubscription(id: id, stage: self))
        case .perform(let request):
            await CallChain.$stages.withValue(request.callers + [id]) { await request.run(stage) }
            apply { $0.performed() }
        case .stop:
            return false
        default:
            preconditionFailure("Work for the stage's own loop")
        }
        return true
    }

    func handled(emitting events: consuming Batch?) {
        apply { $0.handled(emitting: events.take()) }
    }

    func finish() {
        apply { $0.finish() }
    }

    /// Parks the stage's task until there is work.
    func park(_ continuation: UnsafeContinuation<Void, Never>) {
        // The lock was not held while the continuation was made: so the machine is asked again.
        if machine.withLock({ $0.park(continuation) }) { continuation.resume() }
    }
}
