import SluicePipelines
import SluiceRedis
import Synchronization

/// The entries that handlers were given, in order, and somebody who waits for them.
final class Deliveries: Sendable {
    struct State {
        var messages: [Message<RedisStreamEntry>] = []
        /// How often handling has ended, well or not.
        var finished = 0

        var values: [String] { messages.map(\.value) }
    }

    private let state = Mutex(State())

    /// Takes note of a message.
    ///
    /// - Returns: How often its entry has come, this time included.
    func add(_ message: Message<RedisStreamEntry>) -> Int {
        state.withLock { state in
            state.messages.append(message)
            return state.messages.count { $0.body.id == message.body.id }
        }
    }

    /// A message has been handled.
    func finish() {
        state.withLock { $0.finished += 1 }
    }

    /// Waits until enough has happened, or the task is cancelled, as by a pipeline that fails.
    func wait(until isEnough: (State) -> Bool) async {
        while !Task.isCancelled, !state.withLock({ isEnough($0) }) { await Task.yield() }
    }

    var messages: [Message<RedisStreamEntry>] { state.withLock(\.messages) }
    var values: [String] { state.withLock(\.values) }
}

extension Message<RedisStreamEntry> {
    /// What the entry has in the field `n`.
    var value: String { body.text("n") ?? "" }
}
