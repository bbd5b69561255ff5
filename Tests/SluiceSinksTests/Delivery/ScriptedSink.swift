import SluicePostgres
import SluiceSinks
import Synchronization

/// A keyed sink that answers as a test says, and notes what became durable, in order.
final class ScriptedSink: KeyedSink {
    typealias Answer = @Sendable (_ call: Int, [OutgoingMessage]) async throws -> [SendResult]

    let identity = "scripted"
    let limits: RequestLimits
    let keyFailure: KeyFailure
    private let answer: Answer
    private let state = Mutex((calls: 0, durable: [UInt64](), sent: [[UInt64]]()))

    init(
        limits: RequestLimits = RequestLimits(messages: 10, concurrency: 3),
        keyFailure: KeyFailure = .prefix,
        _ answer: @escaping Answer = { _, messages in messages.map { _ in .durable } }
    ) {
        self.limits = limits
        self.keyFailure = keyFailure
        self.answer = answer
    }

    /// The indices of the changes whose messages are durable.
    var durable: [UInt64] { state.withLock { $0.durable } }

    /// The indices of the changes of each request.
    var sent: [[UInt64]] { state.withLock { $0.sent } }

    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        SinkOpening(position: remembered ?? SinkPosition(cursor: nil))
    }

    func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        let call = state.withLock { state in
            state.calls += 1
            state.sent.append(messages.map(\.cursor.index))
            return state.calls
        }
        let results = try await answer(call, messages)
        state.withLock { state in
            for (message, result) in zip(messages, results) {
                if case .durable = result { state.durable.append(message.cursor.index) }
            }
        }
        return results
    }

    func close() async {}
}
