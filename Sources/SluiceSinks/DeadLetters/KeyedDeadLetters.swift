import Sluice

/// Sends dead letters to another sink, such as a topic or a queue of their own.
///
/// A letter waits there until it is durable; meanwhile its key waits as well, and others go on.
public final class KeyedDeadLetters: DeadLetterBox {
    private let sink: any KeyedSink
    private let source: SourceIdentity
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Makes a box; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - sink: Not opened yet, and used for nothing else.
    ///   - source: Where the messages come from.
    ///   - clock: Measures the waits between two attempts: 0.2 s to 30 s.
    public init(to sink: any KeyedSink, from source: SourceIdentity, clock: some Clock<Duration> = ContinuousClock()) {
        self.sink = sink
        self.source = source
        sleep = { try await clock.sleep(for: $0) }
    }

    /// Opens the sink.
    public func open() async throws {
        _ = try await sink.open(for: source, remembered: nil)
    }

    /// Sends the letters one after another, each until it is durable.
    public func put(_ letters: [DeadLetter], of origin: String) async throws {
        for letter in letters { try await send(letter, of: origin) }
    }

    /// Closes the sink.
    public func close() async {
        await sink.close()
    }

    private func send(_ letter: DeadLetter, of origin: String) async throws {
        let message = letter.message
        let envelope = OutgoingMessage(
            cursor: message.cursor,
            action: message.action,
            schema: message.schema,
            table: message.table,
            key: message.key,
            body: ArraySlice(letter.encoded(of: origin))
        )
        var backoff = Backoff(base: .milliseconds(200), maximum: .seconds(30))
        var failures = 0
        while true {
            var pause = Duration.zero
            do {
                switch try await sink.send([envelope]).first {
                case .durable: return
                case .refused(let reason):
                    throw SinkError(
                        .refused,
                        "\(sink.identity), which is to take what \(origin) does not, does not take the message at "
                            + "\(message.cursor) either: \(reason)"
                    )
                case .failed(_, let after): pause = after ?? .zero
                case nil: break
                }
            } catch let error as SinkError where error.code == .unavailable {
                // Later it may be there again.
            }
            failures += 1
            try await sleep(max(pause, backoff.delay(after: failures)))
        }
    }
}
