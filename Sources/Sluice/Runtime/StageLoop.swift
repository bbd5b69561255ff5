/// The one long-lived task of a stage.
extension StageStorage {
    /// How one life of the stage's value came to its end.
    private enum LifeEnd: Sendable {
        case ended
        /// The stage is to be started afresh.
        case stopped
    }

    /// Runs the stage to its end, afresh after each failure that its group forgives.
    func run() async {
        turn(to: .busy)
        await CallChain.$stages.withValue(CallChain.stages + [id]) { await live() }
        turn(to: .ended)
        supervisor.ended(id.number)
        let (unserved, endings) = machine.withLock { $0.stop() }
        let cause = scope.firstFailure
        let error = cause ?? StageError(.stageEnded, "Stage '\(name)' has ended")
        for request in unserved { request.fail(error) }
        for ending in endings { ending.resolve(.cancelled(because: cause)) }
    }

    private func live() async {
        guard let make = make.withLock({ $0.take() }) else { return }
        while await interruptibly({ await self.life(make) }) == .stopped {
            turn(to: .ended)
            guard let delay = await supervisor.release(of: id.number) else { return }
            if delay > .zero {
                let clock = scope.clock
                await interruptibly { try? await clock.sleep(for: delay) }
            }
            guard machine.withLock({ $0.revive() }) else {
                // A source that a drain has stopped has nothing more; what is cancelled says nothing.
                if machine.withLock({ $0.isDraining }) { finish() }
                return
            }
            turn(to: .busy)
        }
    }

    /// One life of the stage's value.
    private func life(_ make: Make) async -> LifeEnd {
        var stage: RunningStage?
        // It outlives the report of a failure: whoever learns of the stage's end by its own can find out why.
        defer { withExtendedLifetime(stage) {} }
        do {
            guard machine.withLock({ $0.mayLive }) else { return lifeEnded() }
            let made = try await make(StageContext(wakeAction: { [self] in wake() }))
            stage = made
            try await made.run(in: self)
            return lifeEnded()
        } catch {
            return lifeFailed(error)
        }
    }

    /// The stage has come out of its loop: at its end, or because others have failed.
    private func lifeEnded() -> LifeEnd {
        switch machine.withLock({ $0.halt }) {
        case nil:
            return .ended
        case .restart, .failed:
            apply { $0.interrupted() }
            return .stopped
        case .end(let error):
            scope.report(.ended(stage: name, because: error))
            end(error)
            return .ended
        }
    }

    private func lifeFailed(_ error: any Error) -> LifeEnd {
        let (wasCancelled, isDraining, halt) = machine.withLock { ($0.wasCancelled, $0.isDraining, $0.halt) }
        // What is cancelled drops what it has, and what ends for good does not come back, whatever it throws on the way.
        if wasCancelled { return .ended }
        if case .end? = halt { return lifeEnded() }
        if error is CancellationError {
            if isDraining {
                finish()
                return .ended
            }
            if case .restart? = halt { return lifeEnded() }
        }
        switch supervisor.failed(id.number) {
        case .restart(let stages):
            restart(stages, after: error)
            return .stopped
        case .decided:
            restart([id.number], after: error)
            return .stopped
        case .end(let stages):
            scope.report(.failed(stage: name, error: error, consequence: .end(scope.names(of: stages))))
            end(error)
            for stage in stages where stage != id.number { scope.node(stage)?.end(because: error) }
            return .ended
        case .fail:
            scope.failed(error, in: name)
            return .ended
        }
    }

    private func restart(_ stages: [Int], after error: any Error) {
        scope.report(.failed(stage: name, error: error, consequence: .restart(scope.names(of: stages))))
        apply { $0.interrupted() }
        for stage in stages where stage != id.number { scope.node(stage)?.restart() }
    }

    /// Runs something in a child task that an interruption cancels.
    ///
    /// A cancelled task stays cancelled: so each life has its own.
    private func interruptibly<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
        async let result = withUnsafeCurrentTask { task in
            if let task, interruption.withLock({ $0.publish(task) }) { task.cancel() }
            let result = await body()
            while !interruption.withLock({ $0.withdraw() }) { await Task.yield() }
            return result
        }
        return await result
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
        case .end:
            try await stage.end(in: self)
        case .stop:
            return false
        default:
            preconditionFailure("Work for the stage's own loop")
        }
        return true
    }

    func handled(emitting events: consuming EventBatch?) {
        guard let weigh, let batch = events else { return apply { $0.handled(emitting: events.take()) } }
        let weights = weigh(batch)
        apply { $0.handled(emitting: batch, weighing: weights) }
    }

    func finish() {
        apply { $0.finish() }
    }

    /// Parks the stage's task until there is work.
    @inline(__always)  // A frame of its own would be paid for at every wait.
    func park() async {
        await withUnsafeContinuation { continuation in
            let time = scope.measuredTime
            // The lock was not held while the continuation was made: so the machine is asked again.
            if machine.withLock({ $0.park(continuation, at: time) }) { continuation.resume() }
        }
        turn(to: .busy)
    }

    /// The stage's task does something else from now on.
    private func turn(to activity: StageActivity) {
        guard let time = scope.measuredTime else { return }
        machine.withLock { $0.turn(to: activity, at: time) }
    }
}
