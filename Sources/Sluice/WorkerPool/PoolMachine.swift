import DequeModule

/// An event in a pool.
struct Job<Event: Sendable>: Sendable {
    /// The place in the order of arrival.
    let number: Int
    let event: Event
    let key: WorkKey?
    let subscription: SubscriptionID
}

/// Everything that a pool decides: a pure machine, without locks, clocks, tasks or user code.
///
/// A worker without a job is parked here, and is resumed together with its job: so none wakes in vain, and a job is
/// counted as running from the moment in which it is given away.
struct PoolMachine<Event: Sendable, Result: Sendable, Worker: Sendable>: ~Copyable {
    /// A parked worker, to be resumed outside of the lock.
    struct Start: Sendable {
        let worker: Worker
        /// Nil: the worker's task ends.
        let job: Job<Event>?
    }

    /// What a worker that asks for a job gets.
    enum Answer: Sendable {
        case job(Job<Event>)
        /// The worker was parked.
        case wait
        case end
    }

    /// Results for the consumers, and the slots that become free when they are delivered.
    struct Delivery: Sendable {
        var results: [Result] = []
        /// In their order; several of one subscription that follow each other are joined.
        var freed: [Freed] = []
    }

    struct Freed: Equatable, Sendable {
        let subscription: SubscriptionID
        var count: Int
    }

    /// What was left at the end, to be destroyed outside of the lock.
    struct Remains: Sendable {
        fileprivate let ready: Deque<Job<Event>>
        fileprivate let lanes: [WorkKey: Deque<Job<Event>>]
        fileprivate let undelivered: Deque<(Result, SubscriptionID)>

        /// What was worked on and not delivered, in the order in which it came.
        var results: [Result] { undelivered.map(\.0) }

        /// What never began, in the order of its arrival.
        var events: [Event] {
            let jobs = ready + lanes.values.joined()
            return jobs.sorted { $0.number < $1.number }.map(\.event)
        }
    }

    private var concurrency = 0
    private var retry = RetryPolicy.never
    /// Whether the pool's value lives.
    private var isOpen = false
    private var isClosed = false
    /// What fails the stage.
    private(set) var failure: (any Error)?
    private var arrived = 0

    /// What may start, oldest first.
    private var ready: Deque<Job<Event>> = []
    /// One lane for each key of which an event is ready or runs; in it, what arrived after that one.
    private var lanes: [WorkKey: Deque<Job<Event>>] = [:]
    /// What the consumers have not asked for; each result keeps its event's slot.
    private var results: Deque<(Result, SubscriptionID)> = []
    private var parked: [Worker] = []

    private(set) var counts = WorkerPoolCounts()

    /// The pool's value is made, for the first time or afresh.
    mutating func open(concurrency: Int, retry: RetryPolicy) {
        self.concurrency = concurrency
        self.retry = retry
        isOpen = true
        failure = nil
    }

    /// The pool's value is gone: nothing starts before it is made afresh.
    ///
    /// - Returns: The workers without a job, which end.
    mutating func suspend() -> [Start] {
        isOpen = false
        defer { parked = [] }
        return parked.map { Start(worker: $0, job: nil) }
    }

    /// Events have arrived.
    ///
    /// - Parameters:
    ///   - events: In their order, each with its key if there is an order to keep.
    ///   - subscription: Where they came from.
    /// - Returns: Workers that begin.
    mutating func received(_ events: [(event: Event, key: WorkKey?)], from subscription: SubscriptionID) -> [Start] {
        for arrival in events {
            let job = Job(number: arrived, event: arrival.event, key: arrival.key, subscription: subscription)
            arrived += 1
            counts.waiting += 1
            if let key = job.key, lanes[key]?.append(job) != nil { continue }
            if let key = job.key { lanes[key] = [] }
            ready.append(job)
        }
        return starts()
    }

    /// A worker wants something to do; it is parked if there is nothing, and resumed with the answer.
    mutating func next(for worker: Worker) -> Answer {
        if !isOpen { return .end }
        if let job = takeJob() { return .job(job) }
        parked.append(worker)
        return .wait
    }

    /// An attempt has failed.
    ///
    /// - Returns: How long the worker waits before the next one; nil if it was the last.
    mutating func attemptFailed(after attempts: Int) -> Duration? {
        guard let delay = retry.delay(after: attempts) else { return nil }
        counts.retried += 1
        return delay
    }

    /// The event is done.
    ///
    /// Its worker asks for a job next, so nobody else is to be woken.
    ///
    /// - Parameters:
    ///   - job: The event.
    ///   - result: What is to be emitted; the slot is free when that is delivered. Nil: it is free now.
    mutating func done(_ job: Job<Event>, result: Result?) {
        counts.done += 1
        if let result, !isClosed {
            results.append((result, job.subscription))
            counts.undelivered += 1
        }
        ended(job)
    }

    /// The event's last attempt has failed, and the failure is dealt with; the slot is free.
    mutating func failed(_ job: Job<Event>) {
        counts.failed += 1
        ended(job)
    }

    /// Takes results that fit the consumers' demand; their slots are free.
    ///
    /// - Parameter demand: How many the consumers want.
    /// - Returns: At most so many, in the order in which they came; ``starts()`` follows when they are emitted.
    mutating func takeResults(_ demand: Int) -> Delivery {
        var delivery = Delivery()
        while delivery.results.count < demand, let next = results.popFirst() {
            delivery.results.append(next.0)
            if delivery.freed.last?.subscription == next.1 {
                delivery.freed[delivery.freed.count - 1].count += 1
            } else {
                delivery.freed.append(Freed(subscription: next.1, count: 1))
            }
        }
        counts.undelivered -= delivery.results.count
        return delivery
    }

    /// Gives jobs to parked workers while there are slots.
    mutating func starts() -> [Start] {
        var starts: [Start] = []
        while let worker = parked.last, let job = takeJob() {
            parked.removeLast()
            starts.append(Start(worker: worker, job: job))
        }
        return starts
    }

    /// A worker has failed the stage.
    mutating func fail(_ error: any Error) {
        if failure == nil { failure = error }
    }

    /// The stage has ended.
    mutating func close() -> Remains {
        isClosed = true
        counts.waiting = 0
        counts.undelivered = 0
        defer { (ready, lanes, results) = ([], [:], []) }
        return Remains(ready: ready, lanes: lanes, undelivered: results)
    }

    /// The worker has left its job undone, because its task was cancelled or the job has failed the stage.
    mutating func abandoned(_ job: Job<Event>) {
        counts.lost += 1
        ended(job)
    }

    private mutating func takeJob() -> Job<Event>? {
        guard isOpen, failure == nil, counts.active + counts.undelivered < concurrency, let job = ready.popFirst()
        else { return nil }
        counts.waiting -= 1
        counts.active += 1
        return job
    }

    private mutating func ended(_ job: Job<Event>) {
        counts.active -= 1
        guard let key = job.key, !isClosed else { return }
        if let successor = lanes[key]?.popFirst() {
            insert(successor)
        } else {
            lanes[key] = nil
        }
    }

    /// Puts a job among those that may start, by its age.
    private mutating func insert(_ job: Job<Event>) {
        var (low, high) = (0, ready.count)
        while low < high {
            let middle = (low + high) / 2
            if ready[middle].number < job.number { low = middle + 1 } else { high = middle }
        }
        ready.insert(job, at: low)
    }
}
