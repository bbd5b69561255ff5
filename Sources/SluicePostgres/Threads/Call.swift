import Synchronization

/// One call's continuation, resumed exactly once by whichever comes first: the result or what takes its place.
package final class Call<Result: Sendable>: Sendable {
    private enum State {
        case new
        case waiting(UnsafeContinuation<Result, any Error>)
        case failedEarly(any Error)
        case done
    }

    private let state = Mutex(State.new)

    /// Makes a call that nobody waits for yet.
    package init() {}

    /// Gives the work to a thread, and waits for the result without blocking the caller's.
    ///
    /// - Parameter start: Hands this object to the thread, which calls ``perform(_:)`` or ``fail(_:)`` some time.
    /// - Returns: What the work came to.
    /// - Throws: What it failed with; `CancellationError` as soon as the task is cancelled, even while the work goes on
    ///   (its result is then dropped).
    package func wait(_ start: () -> Void) async throws -> Result {
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                begin(continuation)
                start()
            }
        } onCancel: {
            fail(CancellationError())
        }
    }

    private func begin(_ continuation: UnsafeContinuation<Result, any Error>) {
        let error = state.withLock { state -> (any Error)? in
            guard case .failedEarly(let error) = state else {
                state = .waiting(continuation)
                return nil
            }
            state = .done
            return error
        }
        if let error { continuation.resume(throwing: error) }
    }

    /// Runs the work and resumes who waits; does nothing if nobody does any more.
    ///
    /// - Returns: Whether somebody got the result; else it is dropped.
    @discardableResult
    package func perform(_ body: () throws -> Result) -> Bool {
        guard state.withLock({ if case .waiting = $0 { true } else { false } }) else { return false }
        let result = Swift.Result { try body() }
        guard let continuation = take() else { return false }
        continuation.resume(with: result)
        return true
    }

    /// Resumes who waits, or will wait, with an error; does nothing if it was resumed before.
    package func fail(_ error: any Error) {
        let continuation = state.withLock { state -> UnsafeContinuation<Result, any Error>? in
            switch state {
            case .new:
                state = .failedEarly(error)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .failedEarly, .done:
                return nil
            }
        }
        continuation?.resume(throwing: error)
    }

    private func take() -> UnsafeContinuation<Result, any Error>? {
        state.withLock { state in
            guard case .waiting(let continuation) = state else { return nil }
            state = .done
            return continuation
        }
    }
}
