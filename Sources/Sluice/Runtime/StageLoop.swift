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
        do {
            let behavior = behavior.withLock { behavior in
                defer { behavior = nil }
                return behavior
            }
            guard let behavior, !machine.withLock({ $0.wasCancelled }) else { return }
            let value = try await behavior.make(StageContext(wakeAction: { [self] in wake() }))
            while try await step(value, behavior) {}
        } catch {
            let (wasCancelled, isDraining) = machine.withLock { ($0.wasCancelled, $0.isDraining) }
            if error is CancellationError, isDraining {
                apply(machine.withLock { $0.finish() })
            } else if !(error is CancellationError && wasCancelled) {
                scope.failed(error)
            }
        }
    }

    /// - Returns: False when the stage has come to its end.
    private func step(_ value: StageValue, _ behavior: StageBehavior) async throws -> Bool {
        switch await nextWork() {
        case .stop:
            return false
        case .deliver(let delivery):
            apply(StageMachine.Effects(delivery: delivery))
        case .demand(let demand):
            let events = try await behavior.handleDemand(value, demand)
            apply(
                machine.withLock { machine in
                    if let events { machine.handled(emitting: events) } else { machine.finish() }
                }
            )
        case .handle(let events, let subscription):
            let emitted = try await behavior.handleEvents(value, events, manualSubscription(subscription))
            apply(machine.withLock { $0.handled(emitting: emitted) })
        case .subscribed(let subscription):
            try await behavior.subscribed(value, manualSubscription(subscription))
        case .perform(let request):
            await CallChain.$stages.withValue(request.callers + [id]) { await request.run(value) }
            apply(machine.withLock { $0.performed() })
        }
        return true
    }

    private func nextWork() async -> StageMachine.Work {
        while true {
            if let work = machine.withLock({ $0.nextWork() }) { return work }
            // The lock is not held while the continuation is made: so the machine is asked again.
            await withUnsafeContinuation { continuation in
                if machine.withLock({ $0.park(continuation) }) { continuation.resume() }
            }
        }
    }

    private func manualSubscription(_ id: SubscriptionID) -> ManualSubscription {
        ManualSubscription(id: id) { [self] count in apply(machine.withLock { $0.askManually(count, by: id) }) }
    }
}
