import DequeModule
import Glibc
import Sluice
import Synchronization

/// A thread of its own for calls that block (files, SQLite, libpq), so that they never hold one of the cooperative
/// pool's few threads.
///
/// Work runs in the order in which it was given. The thread ends, after what it was given, when it is closed or when
/// the last reference to this object goes away.
package final class BlockingThread: Sendable {
    /// The thread was closed, so the closure will not run.
    package struct Closed: Error {}

    private let queue = JobQueue()

    /// Starts the thread.
    package init() {
        // The thread holds the queue and not this object: otherwise forgetting to close would keep both for ever.
        startThread { [queue] in
            while let job = queue.next() { job() }
        }
    }

    deinit {
        queue.close()
    }

    /// Lets the thread end after what it was given.
    package func close() {
        queue.close()
    }

    /// Runs a closure after what was given before, and waits for nothing: for what has to be given back in a `deinit`.
    ///
    /// - Parameter body: Runs once; not at all if the thread was closed before.
    package func perform(_ body: @escaping @Sendable () -> Void) {
        _ = queue.append(body)
    }

    /// Runs a last closure, after what was given before, and lets the thread end.
    ///
    /// It waits for the closure, but not after the task is cancelled.
    ///
    /// - Parameter last: Runs once, even if the task is cancelled: it is the place to give resources back. Not at all
    ///   if the thread was closed before.
    package func close(_ last: @escaping @Sendable () -> Void) async {
        let call = Call<Void>()
        try? await call.wait {
            let isQueued = queue.append {
                last()
                call.perform {}
            }
            queue.close()
            if !isQueued { call.fail(Closed()) }
        }
    }

    /// Runs a blocking closure on the thread and waits for it without blocking the caller's thread.
    ///
    /// - Parameter body: Runs once; not at all if the task is cancelled before its turn.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws; ``Closed`` if the thread was closed before; `CancellationError` as soon as
    ///   the task is cancelled, even while the closure still runs (its result is then dropped), so that a stuck write
    ///   cannot hold up a shutdown.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        let call = Call<Result>()
        return try await call.wait {
            if !queue.append({ call.perform(body) }) { call.fail(Closed()) }
        }
    }

    /// Runs a closure that ends soon by itself, and waits for that even if the task is cancelled: its result is not lost.
    ///
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws; ``Closed`` if the thread was closed before.
    package func runToEnd<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let isQueued = queue.append { continuation.resume(with: Swift.Result { try body() }) }
            if !isQueued { continuation.resume(throwing: Closed()) }
        }
    }
}

/// What a thread still has to run.
private final class JobQueue: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: Deque<Job> = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake = Semaphore()

    /// Whether the job will run: the queue was not closed.
    func append(_ job: @escaping Job) -> Bool {
        let isQueued = state.withLock { state in
            if !state.isClosed { state.jobs.append(job) }
            return !state.isClosed
        }
        if isQueued { wake.signal() }
        return isQueued
    }

    func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    /// Blocks until there is a job; `nil` when the queue is closed and empty.
    func next() -> Job? {
        while true {
            let (job, isClosed) = state.withLock { ($0.jobs.popFirst(), $0.isClosed) }
            if let job { return job }
            if isClosed { return nil }
            wake.wait()
        }
    }
}
