import SluicePipelines
import Synchronization

/// The messages that handlers were given, in order.
final class Deliveries: Sendable {
    private struct State {
        var messages: [Message<[UInt8]>] = []
        var counts: [[UInt8]: Int] = [:]
        var finished = 0
    }

    private let state = Mutex(State())

    /// Takes note of a message.
    ///
    /// - Returns: How often its body has come, this time included.
    func add(_ message: Message<[UInt8]>) -> Int {
        state.withLock { state in
            state.messages.append(message)
            state.counts[message.body, default: 0] += 1
            return state.counts[message.body] ?? 0
        }
    }

    /// A message has been handled.
    func finish() { state.withLock { $0.finished += 1 } }

    var messages: [Message<[UInt8]>] { state.withLock(\.messages) }
    var finished: Int { state.withLock(\.finished) }
    /// How many different bodies have come.
    var distinct: Int { state.withLock(\.counts.count) }
    var bodies: [String] { messages.map(\.text) }
}

extension Message<[UInt8]> {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Waits until something is so, or the task is cancelled, as by a time limit.
func wait(until isSo: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    // Others need the cores meanwhile.
    while try await !isSo() { try await clock.sleep(for: .milliseconds(1)) }
}
