internal import Synchronization

/// One call of `next`: its continuation is resumed exactly once, by whichever comes first, the answer or the
/// cancellation.
final class ReadCall: Sendable {
    typealias Continuation = UnsafeContinuation<[RawChange]?, any Error>

    private enum State {
        case new
        case waiting(Continuation)
        case done
    }

    let demand: Int
    private let state = Mutex(State.new)

    init(demand: Int) {
        self.demand = demand
    }

    /// Whether somebody waits for the answer.
    var isWaiting: Bool {
        state.withLock { if case .waiting = $0 { true } else { false } }
    }

    /// The caller waits now, unless it was cancelled before.
    func begin(_ continuation: Continuation) {
        let isCancelled = state.withLock { state in
            guard case .new = state else { return true }
            state = .waiting(continuation)
            return false
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
    }

    func cancel() {
        finish(throwing: CancellationError())
    }

    /// Answers; `false` if the call was cancelled, and then the answer was not taken.
    func finish(_ changes: [RawChange]?) -> Bool {
        guard let continuation = take() else { return false }
        continuation.resume(returning: changes)
        return true
    }

    func finish(throwing error: any Error) {
        take()?.resume(throwing: error)
    }

    private func take() -> Continuation? {
        state.withLock { state in
            defer { state = .done }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
    }
}
