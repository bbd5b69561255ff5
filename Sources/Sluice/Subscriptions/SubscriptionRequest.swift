/// What a consumer says when it subscribes, and the answer that it waits for.
///
/// Whoever holds the producer's delivery right answers, exactly once.
final class SubscriptionRequest: Sendable {
    private enum State {
        case open(UnsafeContinuation<Void, any Error>?)
        case answered(Result<Void, any Error>)
    }

    /// For the dispatcher.
    let options: any Sendable
    private let state = Lock(State.open(nil))

    init(options: any Sendable) {
        self.options = options
    }

    func answer(_ result: Result<Void, any Error>) {
        let waiter: UnsafeContinuation<Void, any Error>? = state.withLock { state in
            guard case .open(let waiter) = state else { return nil }
            state = .answered(result)
            return waiter
        }
        waiter?.resume(with: result)
    }

    /// Waits for the answer; no handler is ever waited for.
    func answer() async throws {
        try await withUnsafeThrowingContinuation { continuation in
            let result: Result<Void, any Error>? = state.withLock { state in
                if case .answered(let result) = state { return result }
                state = .open(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
