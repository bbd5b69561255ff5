/// The workers of one pool: the pool's machine under a lock, and what each worker's task does.
///
/// No lock is held while another is taken, a continuation is resumed, or user code runs.
final class Crew<Input: Sendable, Output: Sendable>: PoolCrew {
    typealias Machine = PoolMachine<Input, Output, UnsafeContinuation<Job<Input>?, Never>>

    let machine = Lock(Machine())

    var counts: WorkerPoolCounts { machine.withLock { $0.counts } }

    /// One worker, for a life of the pool's value.
    func work(for pool: WorkerPool<Input, Output>, in storage: StageStorage) async {
        while let job = await nextJob() {
            do {
                try await complete(job, for: pool, in: storage)
            } catch {
                // The worker's task is cancelled when the pool's own is: then another has failed, or nobody.
                let isFailure = !(error is CancellationError && Task.isCancelled)
                machine.withLock { machine in
                    machine.abandoned(job)
                    if isFailure { machine.fail(error) }
                }
                _ = storage.failure(error, losing: [job.event])
                storage.settled(job.subscription)
                if isFailure { storage.apply { $0.halt(.failed) } }
                return
            }
        }
    }

    func close() -> PoolRemains {
        let remains = machine.withLock { $0.close() }
        return PoolRemains(waiting: EventBatch(remains.events), results: EventBatch(remains.results))
    }

    /// Wakes workers with what they are to do.
    func resume(_ starts: [Machine.Start]) {
        for start in starts { start.worker.resume(returning: start.job) }
    }

    private func nextJob() async -> Job<Input>? {
        await withUnsafeContinuation { worker in
            switch machine.withLock({ $0.next(for: worker) }) {
            case .job(let job): worker.resume(returning: job)
            case .end: worker.resume(returning: nil)
            case .wait: break
            }
        }
    }

    /// Sees one event to its end.
    ///
    /// - Throws: What fails the stage.
    private func complete(
        _ job: Job<Input>,
        for pool: WorkerPool<Input, Output>,
        in storage: StageStorage
    ) async throws {
        var attempts = 0
        while true {
            attempts += 1
            do {
                let output = try await attempt(job.event, for: pool, clock: storage.scope.clock)
                let emits = WorkerPool<Input, Output>.emits
                machine.withLock { $0.done(job, result: emits ? output : nil) }
                if emits { storage.wake() } else { storage.settled(job.subscription) }
                return
            } catch {
                if Task.isCancelled { throw CancellationError() }
                if let delay = machine.withLock({ $0.attemptFailed(after: attempts) }) {
                    if delay > .zero { try await storage.scope.clock.sleep(for: delay) }
                    continue
                }
                guard case .report(let hook) = pool.onFailure else { throw error }
                try await hook(WorkerFailure(event: job.event, error: error, attempts: attempts))
                machine.withLock { $0.failed(job) }
                storage.settled(job.subscription)
                return
            }
        }
    }

    private func attempt(
        _ event: Input,
        for pool: WorkerPool<Input, Output>,
        clock: any Clock<Duration>
    ) async throws -> Output {
        guard let timeout = pool.timeout else { return try await pool.work(event) }
        // Only a task of its own can be cancelled without the worker.
        return try await withThrowingTaskGroup(of: Output?.self) { group in
            group.addTask { try await pool.work(event) }
            group.addTask {
                try await clock.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let output = try await group.next() ?? nil else { throw WorkerTimeout(timeout: timeout) }
            return output
        }
    }
}

/// A crew without the types of its events.
protocol PoolCrew: AnyObject, Sendable {
    var counts: WorkerPoolCounts { get }

    /// The stage has ended.
    ///
    /// - Returns: What is left; nothing the second time.
    func close() -> PoolRemains
}

/// What a pool has when it ends.
struct PoolRemains: Sendable {
    /// Events that never began, in the order of their arrival.
    let waiting: EventBatch
    /// Results that no consumer has asked for, in their order.
    let results: EventBatch
}
