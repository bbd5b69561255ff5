import SluicePipelines
import Synchronization

/// The messages that a handler was given, in order, and somebody who waits for them.
final class Deliveries: Sendable {
    struct State {
        /// When their handling began.
        var messages: [Message<String>] = []
        /// How often handling has ended, well or not.
        var finished = 0
        fileprivate var isAbandoned = false
        fileprivate var waiters:
            [(isEnough: @Sendable (State) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// Takes note of a message.
    ///
    /// - Returns: How often its body has come, this time included.
    func add(_ message: Message<String>) -> Int {
        change { state in
            state.messages.append(message)
            return state.messages.count { $0.body == message.body }
        }
    }

    /// A message has been handled.
    func finish() {
        change { $0.finished += 1 }
    }

    private func change<Result>(_ body: (inout State) -> Result) -> Result {
        let (result, ready) = state.withLock { state in
            let result = body(&state)
            let waiters = state.waiters
            state.waiters = []
            let now = state
            let ready = waiters.filter { $0.isEnough(now) }
            state.waiters = waiters.filter { !$0.isEnough(now) }
            return (result, ready)
        }
        for waiter in ready { waiter.continuation.resume() }
        return result
    }

    /// Waits until enough has happened, or the task is cancelled, as by a pipeline that fails.
    func wait(until isEnough: @escaping @Sendable (State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isAbandoned || isEnough(state) { return true }
                    state.waiters.append((isEnough, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiters = state.withLock { state in
                state.isAbandoned = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.continuation.resume() }
        }
    }

    var messages: [Message<String>] { state.withLock(\.messages) }
    var bodies: [String] { messages.map(\.body) }
}
