import Synchronization

/// Runs tasks on the calling thread, one job at a time, in an order that a seed decides.
///
/// The same seed gives the same schedule, to the letter; different seeds give different interleavings. Time passes only
/// when nothing else can happen: then the ``TestClock`` moves to its next sleeper.
///
/// ```swift
/// let executor = DeterministicExecutor(seed: 42)
/// let sum = try executor.run { try await graph(clock: executor.clock) }
/// ```
///
/// A test tries many schedules, and names the one that fails:
///
/// ```swift
/// try DeterministicExecutor.check(seeds: 0..<1000) { clock in try await graph(clock: clock) }
/// ```
///
/// throws a ``FailedSchedule`` with its seed; `seeds: 17..<18` runs that one again, as often as you like. A schedule
/// replays only if nothing else is left to chance: time must come from the executor's clock, random numbers from a
/// ``SeededGenerator``, and nothing may iterate over a `Set` or a `Dictionary`. What leaves the executor is not replayed
/// either: `Task.detached`, `Task { }` outside of the run, actors with executors of their own, and real threads.
public final class DeterministicExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// They wait until there are no jobs.
        var idle: [UnsafeContinuation<Void, Never>] = []
        var generator: SeededGenerator
    }

    private let state: Mutex<State>

    @TaskLocal private static var running: DeterministicExecutor?

    /// The executor whose run the current task belongs to.
    public static var current: DeterministicExecutor? { running }

    /// The clock to inject into what runs here.
    public let clock = TestClock()

    /// Makes an executor.
    ///
    /// - Parameter seed: Decides which of the waiting jobs runs next.
    public init(seed: UInt64) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    /// Adds a job; the runtime calls it.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs a task and everything that it starts to the end.
    ///
    /// - Parameters:
    ///   - afterEachJob: Called between jobs, when nothing runs: the place to check invariants. What it throws ends the
    ///     run.
    ///   - body: What to run.
    /// - Returns: What the body returns.
    /// - Throws: What the body or the check throws; ``Stuck`` if nothing can happen any more and the body has not
    ///   ended.
    public func run<Result: Sendable>(
        afterEachJob: () throws -> Void = {},
        _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let outcome = Outcome<Result>()
        // Unstructured because the caller is not a task; the loop below does not return before it has ended, except by
        // a check's throw, which fails the test.
        let task = Task(executorPreference: self) {
            do {
                outcome.set(.success(try await Self.$running.withValue(self) { try await body() }))
            } catch {
                outcome.set(.failure(error))
            }
        }
        while true {
            if runOne() {
                do { try afterEachJob() } catch {
                    task.cancel()
                    throw error
                }
            } else if resumeIdle() {
                continue
            } else if let result = outcome.get() {
                return try result.get()
            } else if !clock.advanceToNextSleeper() {
                task.cancel()
                throw Stuck()
            }
        }
    }

    /// Waits until nothing else can happen without a passing of time.
    ///
    /// Call it in a task of this executor's run.
    public func idle() async {
        await withUnsafeContinuation { continuation in
            state.withLock { $0.idle.append(continuation) }
        }
    }

    private func resumeIdle() -> Bool {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for continuation in idle { continuation.resume() }
        return !idle.isEmpty
    }

    private func runOne() -> Bool {
        let job = state.withLock { state -> UnownedJob? in
            guard !state.jobs.isEmpty else { return nil }
            let index = Int.random(in: state.jobs.indices, using: &state.generator)
            return state.jobs.remove(at: index)
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }

    /// Nothing can happen any more, and the body has not ended: a deadlock, or a wait for something outside.
    public struct Stuck: Error {}
}

extension DeterministicExecutor {
    /// Runs a task under several schedules, each on an executor of its own.
    ///
    /// - Parameters:
    ///   - seeds: One for each schedule.
    ///   - body: What to run. It is given the executor's clock.
    /// - Throws: The first failure with its seed.
    public static func check(
        seeds: Range<UInt64>,
        _ body: @escaping @Sendable (TestClock) async throws -> Void
    ) throws(FailedSchedule) {
        for seed in seeds {
            let executor = DeterministicExecutor(seed: seed)
            do {
                try executor.run { try await body(executor.clock) }
            } catch {
                throw FailedSchedule(seed: seed, error: error)
            }
        }
    }

    /// A schedule under which something failed.
    public struct FailedSchedule: Error, CustomStringConvertible {
        /// Replays the schedule.
        public let seed: UInt64

        /// What was thrown; ``Stuck`` if nothing could happen any more.
        public let error: any Error

        /// Both.
        public var description: String { "Seed \(seed): \(error)" }
    }
}

private final class Outcome<Result: Sendable>: Sendable {
    private let value = Mutex<Swift.Result<Result, any Error>?>(nil)

    func set(_ result: Swift.Result<Result, any Error>) {
        value.withLock { $0 = result }
    }

    func get() -> Swift.Result<Result, any Error>? {
        value.withLock { $0 }
    }
}
