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
public final class DeterministicExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var generator: SeededGenerator
    }

    private let state: Mutex<State>

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
                outcome.set(.success(try await body()))
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
            } else if let result = outcome.get() {
                return try result.get()
            } else if !clock.advanceToNextSleeper() {
                task.cancel()
                throw Stuck()
            }
        }
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

private final class Outcome<Result: Sendable>: Sendable {
    private let value = Mutex<Swift.Result<Result, any Error>?>(nil)

    func set(_ result: Swift.Result<Result, any Error>) {
        value.withLock { $0 = result }
    }

    func get() -> Swift.Result<Result, any Error>? {
        value.withLock { $0 }
    }
}
