/// A pool while it runs.
///
/// A stage kind of its own and no manual stage with helpers: the stage must not end while workers run, results must
/// leave one by one as the demand for them comes, and the ask for a slot must wait for its own result and no other; a
/// manual stage's handler can say none of this. The stage's task is the only one that receives and emits; the workers
/// are its children, so whatever cancels the stage cancels them.
final class RunningWorkerPool<Input: Sendable, Output: Sendable>: StageCell<WorkerPool<Input, Output>> {
    private let crew: Crew<Input, Output>

    init(_ pool: WorkerPool<Input, Output>, crew: Crew<Input, Output>) {
        self.crew = crew
        super.init(pool)
    }

    override func run(in storage: StageStorage) async throws {
        let (pool, crew) = (place.pointee, crew)
        crew.machine.withLock { $0.open(concurrency: pool.concurrency, retry: pool.retry) }
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<pool.concurrency {
                group.addTask { await crew.work(for: pool, in: storage) }
            }
            defer { suspend() }
            try await loop(for: pool, in: storage)
        }
        if let failure = crew.machine.withLock({ $0.failure }) { throw failure }
    }

    override func subscribed(_ subscription: ManualSubscription) async throws {
        // A pool that was started afresh is owed for every slot already.
        if !subscription.hasAsked { subscription.ask(place.pointee.concurrency) }
    }

    private func loop(for pool: WorkerPool<Input, Output>, in storage: StageStorage) async throws {
        while true {
            switch storage.nextWork() {
            case .handle(var events, let id):
                let arrivals = events.take().array(of: Input.self).map { event in
                    (event: event, key: pool.key.map { WorkKey($0(event)) })
                }
                crew.resume(crew.machine.withLock { $0.received(arrivals, from: id) })
                storage.handled(emitting: nil)
            case .demand(let demand):
                let delivery = crew.machine.withLock { $0.takeResults(demand) }
                // These asks leave when the results have been emitted.
                for freed in delivery.freed { storage.ask(freed.count, by: freed.subscription) }
                storage.handled(emitting: EventBatch(delivery.results))
                crew.resume(crew.machine.withLock { $0.starts() })
            case nil:
                await storage.park()
            case .some(let other):
                guard try await storage.perform(other, self) else { return }
            }
        }
    }

    private func suspend() {
        crew.resume(crew.machine.withLock { $0.suspend() })
    }
}
