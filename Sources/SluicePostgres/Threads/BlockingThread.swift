import DequeModule
import Glibc
import Synchronization

/// A thread of its own for calls that block (files, SQLite, libpq), so that they never hold one of the cooperative
/// pool's few threads.
///
/// Work runs in the order in which it was given.
package final class BlockingThread: Sendable {
    private typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: Deque<Job> = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake: Semaphore

    /// Starts the thread.
    package init() {
        wake = Semaphore()
        startThread { [self] in
            while let job = next() { job() }
        }
    }

    /// Lets the thread end after what it was given.
    package func close() {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    /// Runs a blocking closure on the thread and waits for it without blocking the caller's thread.
    ///
    /// - Parameter body: Runs once; not at all if the task is cancelled before its turn.
    /// - Returns: What the closure returns.
    /// - Throws: What the closure throws; `CancellationError` as soon as the task is cancelled, even while the closure
    ///   still runs (its result is then dropped), so that a stuck write cannot hold up a shutdown.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        let call = Call<Result>()
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                call.begin(continuation)
                state.withLock { $0.jobs.append { call.perform(body) } }
                wake.signal()
            }
        } onCancel: {
            call.cancel()
        }
    }

    private func next() -> Job? {
        while true {
            let (job, isClosed) = state.withLock { ($0.jobs.popFirst(), $0.isClosed) }
            if let job { return job }
            if isClosed { return nil }
            wake.wait()
        }
    }
}

/// One call's continuation, resumed exactly once by whichever comes first: the result or the cancellation.
private final class Call<Result: Sendable>: Sendable {
    private enum State {
        case new
        case waiting(UnsafeContinuation<Result, any Error>)
        case cancelledEarly
        case done
    }

    private let state = Mutex(State.new)

    func begin(_ continuation: UnsafeContinuation<Result, any Error>) {
        let isCancelled = state.withLock { state in
            guard case .cancelledEarly = state else {
                state = .waiting(continuation)
                return false
            }
            state = .done
            return true
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
    }

    func perform(_ body: () throws -> Result) {
        guard state.withLock({ if case .waiting = $0 { true } else { false } }) else { return }
        let result = Swift.Result { try body() }
        take()?.resume(with: result)
    }

    func cancel() {
        let continuation = state.withLock { state -> UnsafeContinuation<Result, any Error>? in
            switch state {
            case .new:
                state = .cancelledEarly
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .cancelledEarly, .done:
                return nil
            }
        }
        continuation?.resume(throwing: CancellationError())
    }

    private func take() -> UnsafeContinuation<Result, any Error>? {
        state.withLock { state in
            guard case .waiting(let continuation) = state else { return nil }
            state = .done
            return continuation
        }
    }
}
