/// A timed stage while it runs: its loop, and beside it the sleep for its next deadline, in child tasks.
final class RunningTimedStage<S: TimedProducerConsumer, Input, Output>: StageCell<S>
where S.Input == Input, S.Output == Output {
    override func run(in storage: StageStorage) async throws {
        let watch = Stopwatch(storage.scope.clock)
        storage.machine.withLock { $0.resetAlarm() }
        try await withThrowingDiscardingTaskGroup { group in
            // A sleep is no reason to stay.
            defer { group.cancelAll() }
            while true {
                var sleep: Duration?
                switch storage.nextWork() {
                case .handle(var events, _):
                    let received = events.take().array(of: Input.self)
                    let emitted: [Output]
                    do {
                        emitted = try await place.pointee.handleEvents(received, at: watch.elapsed)
                    } catch {
                        throw storage.failure(error, losing: received)
                    }
                    sleep = handled(emitting: emitted, at: watch.elapsed, in: storage)
                case .deadline(let demand):
                    let emitted = try await place.pointee.handleDeadline(at: watch.elapsed, demand: demand)
                    sleep = handled(emitting: emitted, at: watch.elapsed, in: storage)
                case nil:
                    await storage.park()
                case .some(let other):
                    guard try await storage.perform(other, self) else { return }
                    // The call may have changed what the stage waits for.
                    sleep = handled(emitting: [], at: watch.elapsed, in: storage)
                }
                guard let sleep else { continue }
                group.addTask {
                    var next: Duration? = sleep
                    // A sleep that is cancelled is of a stage that has ended.
                    while let time = next, (try? await watch.sleep(until: time)) != nil {
                        next = storage.slept(until: time)
                    }
                }
            }
        }
    }

    override func end(in storage: StageStorage) async throws {
        storage.handled(emitting: EventBatch(try await place.pointee.handleEnd()))
    }

    /// - Returns: Until when a new sleep must go; nil if none is needed.
    private func handled(emitting events: [Output], at time: Duration, in storage: StageStorage) -> Duration? {
        // First, because a stage that is full asks for nothing.
        let (deadline, isHolding) = (place.pointee.deadline, place.pointee.isHolding)
        let sleep = storage.machine.withLock { $0.setAlarm(deadline, isHolding: isHolding, at: time) }
        storage.handled(emitting: EventBatch(events))
        return sleep
    }
}

extension StageStorage {
    /// A timed stage's sleep has ended.
    ///
    /// - Returns: Until when it goes on; nil if it is over.
    fileprivate func slept(until time: Duration) -> Duration? {
        let (sleep, waiter) = machine.withLock { $0.slept(until: time) }
        waiter?.resume()
        return sleep
    }
}
