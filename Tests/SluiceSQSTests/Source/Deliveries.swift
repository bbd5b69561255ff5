import SluicePipelines
import Synchronization

/// The messages that a handler was given, in order, and somebody who waits for them.
final class Deliveries: Sendable {
    private struct State {
        var messages: [Message<String>] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// Takes note of a message.
    ///
    /// - Returns: How often its body has come, this time included.
    @discardableResult
    func add(_ message: Message<String>) -> Int {
        let (times, ready) = state.withLock { state in
            state.messages.append(message)
            let count = state.messages.count
            let ready = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return (state.messages.count { $0.body == message.body }, ready)
        }
        for waiter in ready { waiter.continuation.resume() }
        return times
    }

    /// Waits until so many have come.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.messages.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    var messages: [Message<String>] { state.withLock(\.messages) }
    var bodies: [String] { messages.map(\.body) }
}
