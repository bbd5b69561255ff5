import Sluice
import Synchronization

/// Lets somebody wait for what becomes of messages.
///
/// Their receipts are numbers from 0 on.
final class CallerAcknowledger: Acknowledger {
    private struct State {
        var outcomes: [MessageFailure?]
        var left: Int
        var waiter: CheckedContinuation<Void, any Error>?
        var isCancelled = false
    }

    private let state: Mutex<State>

    init(count: Int) {
        state = Mutex(State(outcomes: Array(repeating: nil, count: count), left: count))
    }

    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) {
        finish(outcome.failed.map { ($0.receipt, $0.failure) }, of: outcome.count)
    }

    func dropped(_ receipts: [Receipt], of group: Int) {
        let failure = MessageFailure(.dropped, "The pipeline ended before the message was handled")
        finish(receipts.map { ($0, failure) }, of: receipts.count)
    }

    private func finish(_ failed: [(receipt: Receipt, failure: MessageFailure)], of count: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            for message in failed {
                if case .number(let place) = message.receipt { state.outcomes[Int(place)] = message.failure }
            }
            state.left -= count
            return state.left == 0 ? state.waiter.take() : nil
        }
        waiter?.resume()
    }

    /// Waits for all of them.
    ///
    /// - Returns: What became of each, by its number: `nil`, or why it failed.
    /// - Throws: `CancellationError`.
    func outcomes() async throws -> [MessageFailure?] {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if state.left == 0 { return .success(()) }
                    if state.isCancelled { return .failure(CancellationError()) }
                    state.waiter = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { state in
                state.isCancelled = true
                return state.waiter.take()
            }?.resume(throwing: CancellationError())
        }
        return state.withLock(\.outcomes)
    }
}
