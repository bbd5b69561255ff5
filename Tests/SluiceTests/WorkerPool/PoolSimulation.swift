import SluiceTesting
import Synchronization

@testable import Sluice

struct PoolEvent: Hashable, Sendable, Comparable {
    let source: Int
    let number: Int

    static func < (left: PoolEvent, right: PoolEvent) -> Bool {
        (left.source, left.number) < (right.source, right.number)
    }
}

struct PoolAttemptFailed: Error {}

/// One random pool between random neighbours, under one random schedule.
struct PoolSimulation: Sendable {
    enum Ending: Hashable, Sendable { case complete, drained, cancelled, failed }

    let seed: UInt64
    let concurrency: Int
    /// How many events each source has, and the window of the subscription to it.
    let sources: [(count: Int, window: Int)]
    let keys: Int?
    let attempts: Int
    let timeout: Duration?
    let failsStage: Bool
    /// The windows of the consumers; none: the pool emits nothing.
    let consumers: [Int]
    let plannedEnding: Ending
    let journal = PoolJournal()

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        self.seed = seed
        concurrency = Int.random(in: 1...6, using: &generator)
        let limit = concurrency * 3
        sources = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            (Int.random(in: 0...25, using: &generator), Int.random(in: 1...limit, using: &generator))
        }
        keys = Bool.random(using: &generator) ? Int.random(in: 1...5, using: &generator) : nil
        attempts = Int.random(in: 1...3, using: &generator)
        timeout = Bool.random(using: &generator) ? .seconds(4) : nil
        failsStage = Int.random(in: 0..<10, using: &generator) == 0
        consumers = (0..<Int.random(in: 0...2, using: &generator)).map { _ in Int.random(in: 1...6, using: &generator) }
        plannedEnding = [.complete, .complete, .drained, .cancelled].randomElement(using: &generator) ?? .complete
    }

    func key(_ event: PoolEvent) -> Int? {
        keys.map { (event.source &+ event.number &* 7) % $0 }
    }

    /// What happens in an attempt: decided by the seed, whatever the schedule.
    private enum Fate { case quick, slow(Int), fails, hangs }

    private func fate(of event: PoolEvent, _ attempt: Int) -> Fate {
        var generator = SeededGenerator(
            seed: seed &* 1_000_003 &+ UInt64(event.source &* 10_007 &+ event.number &* 11 &+ attempt)
        )
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<4: return .quick
        case 4..<7: return .slow(Int.random(in: 1...3, using: &generator))
        case 7: return timeout == nil ? .slow(2) : .hangs
        default: return .fails
        }
    }

    func succeeds(_ event: PoolEvent) -> Bool {
        (1...attempts).contains { attempt in
            switch fate(of: event, attempt) {
            case .quick, .slow: true
            case .fails, .hangs: false
            }
        }
    }

    func attempt(_ event: PoolEvent, clock: TestClock) async throws {
        let attempt = journal.begin(event, key: key(event))
        defer { journal.end(event) }
        switch fate(of: event, attempt) {
        case .quick: for _ in 0..<attempt { await Task.yield() }
        case .slow(let seconds): try await clock.sleep(for: .seconds(seconds))
        case .hangs: try await clock.sleep(for: .seconds(1_000_000))
        case .fails: throw PoolAttemptFailed()
        }
    }

    /// Runs it, checking the laws between any two jobs.
    ///
    /// - Returns: How it ended.
    func run() throws -> Ending {
        let executor = DeterministicExecutor(seed: seed)
        // The handle refers to the graph, and the graph to the journal.
        defer { journal.began(stages: nil, counts: nil) }
        let error = try executor.run(
            afterEachJob: { try check() },
            { () async -> (any Error)? in
                do { try await graph(executor.clock) } catch { return error }
                return nil
            }
        )
        if let violation = journal.violation { throw SimulationViolation(description: violation) }
        return try judge(error)
    }

    private func graph(_ clock: TestClock) async throws {
        try await withStages(clock: clock) { stages in
            if consumers.isEmpty {
                let pool = stages.start("pool") {
                    self.pool(clock) { event in
                        try await attempt(event, clock: clock)
                        journal.succeeded(event)
                    }
                }
                try await wire(pool, stages, clock)
            } else {
                let pool = stages.start("pool") {
                    self.pool(clock) { event in
                        try await attempt(event, clock: clock)
                        journal.succeeded(event)
                        return event
                    }
                }
                for window in consumers {
                    let sink = stages.start { PoolReceiver(journal: journal, clock: clock) }
                    try await sink.subscribe(to: pool, maxDemand: window)
                }
                try await wire(pool, stages, clock)
            }
        }
    }

    private func pool<Output>(
        _ clock: TestClock,
        _ work: @escaping @Sendable (PoolEvent) async throws -> Output
    ) -> WorkerPool<PoolEvent, Output> {
        let order: @Sendable (PoolEvent) -> any Hashable & Sendable = { event in
            journal.arrived(event)
            return key(event) ?? 0
        }
        let hook: @Sendable (WorkerFailure<PoolEvent>) async throws -> Void = { failure in
            journal.hooked(failure.event)
            if failure.attempts != attempts { journal.violated("\(failure.attempts) attempts of \(attempts)") }
        }
        return WorkerPool(
            concurrency: concurrency,
            timeout: timeout,
            retry: RetryPolicy(attempts: attempts, base: .seconds(1)).jittered(using: SeededGenerator(seed: seed)),
            orderedBy: keys == nil ? nil : order,
            onFailure: failsStage ? .failStage : .report(hook),
            work
        )
    }

    private func wire<Output>(
        _ pool: StageHandle<WorkerPool<PoolEvent, Output>>,
        _ stages: Stages,
        _ clock: TestClock
    ) async throws {
        journal.began(stages: stages, counts: { pool.counts })
        for (index, plan) in sources.enumerated() {
            let source = stages.start { PoolSource(source: index, count: plan.count, journal: journal) }
            try await pool.subscribe(to: source, maxDemand: plan.window)
        }
        guard plannedEnding != .complete else { return }
        stages.go()
        var generator = SeededGenerator(seed: seed ^ 0xD1A1)
        for _ in 0..<Int.random(in: 0...200, using: &generator) { await Task.yield() }
        try? await clock.sleep(for: .seconds(Int.random(in: 0...6, using: &generator)))
        if plannedEnding == .drained { return stages.drain() }
        journal.cancelled()
        stages.cancel()
    }

    // MARK: The laws

    private func check() throws {
        if let violation = journal.violation { throw SimulationViolation(description: violation) }
        guard let (snapshots, counts) = journal.state else { return }
        try require(counts.active + counts.undelivered <= concurrency, "more than the limit: \(counts)")
        try require(journal.running <= concurrency, "\(journal.running) run at once")
        // What is cancelled or has failed asks for nothing, and leaves what it has.
        guard !journal.isCancelled, counts.lost == 0 else { return }
        if counts.active == concurrency { journal.allWorkersAreUp() }
        if keys == nil, counts.waiting > 0, journal.areAllWorkersUp {
            try require(counts.active + counts.undelivered == concurrency, "a slot is free, and events wait: \(counts)")
        }
        guard let books = snapshots.first(where: { $0.name == "pool" })?.books, books.incoming.count == sources.count
        else { return }
        // Each subscription's window is on its way, in the pool, or on its way back; nothing else is anywhere.
        let window = sources.reduce(0) { $0 + $1.window }
        let outstanding = books.incoming.reduce(0) { $0 + $1.asked - $1.delivered }
        let inside = books.waiting + counts.waiting + counts.active + counts.undelivered
        try require(outstanding + inside == window, "\(outstanding) outstanding, \(inside) inside, of \(window)")
    }

    private func judge(_ error: (any Error)?) throws -> Ending {
        let ending: Ending
        switch error {
        case nil: ending = plannedEnding
        case is CancellationError where plannedEnding == .cancelled: ending = .cancelled
        case is PoolAttemptFailed where failsStage, is WorkerTimeout where failsStage: ending = .failed
        case let error?: throw SimulationViolation(description: "the graph ended with \(error)")
        }
        let emitted = journal.emitted.sorted()
        let ended = (journal.done + journal.failures).sorted()
        let received = journal.received.sorted()
        try require(journal.running == 0, "\(journal.running) attempts have outlived the graph")
        if error == nil, ending != .cancelled {
            try require(ended == emitted, "\(ended.count) of \(emitted.count) events have ended")
            try require(journal.failures.allSatisfy { !succeeds($0) }, "an event was given up too early")
            try require(consumers.isEmpty || received == journal.done.sorted(), "results were lost or doubled")
        } else {
            try require(Set(ended).count == ended.count, "an event has ended twice")
            try require(Set(received).count == received.count, "a result was delivered twice")
        }
        try require(Set(received).isSubset(of: journal.done), "a result comes from nowhere")
        if let keys, consumers.count == 1 {
            for key in 0..<keys {
                let results = journal.received.filter { self.key($0) == key }
                let done = journal.done.filter { self.key($0) == key }
                try require(results == Array(done.prefix(results.count)), "the results of key \(key) are in disorder")
            }
        }
        return ending
    }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        guard condition else { throw SimulationViolation(description: message()) }
    }
}

private struct PoolSource: Producer {
    let source: Int
    let count: Int
    let journal: PoolJournal
    var next = 0

    mutating func handleDemand(_ demand: Int) async throws -> [PoolEvent]? {
        await Task.yield()
        guard next < count else { return nil }
        let upper = min(count, next + demand)
        defer { next = upper }
        let events = (next..<upper).map { PoolEvent(source: source, number: $0) }
        journal.emitted(events)
        return events
    }
}

private struct PoolReceiver: Consumer {
    let journal: PoolJournal
    let clock: TestClock
    var calls = 0

    mutating func handleEvents(_ events: [PoolEvent]) async throws {
        calls += 1
        if calls % 3 == 0 { try await clock.sleep(for: .seconds(calls % 5)) }
        journal.received(events)
    }
}
