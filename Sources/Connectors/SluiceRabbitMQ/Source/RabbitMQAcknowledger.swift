import Sluice
import SluicePipelines
import SluicePostgres

/// Tells the broker what became of messages, over the connection on which they came.
///
/// The connection lives as long as this object: until the source is gone, and the last of its messages.
final class RabbitMQAcknowledger: Acknowledger {
    private let inbox = ConsumerInbox()

    /// Starts the thread; nothing is connected yet.
    init(_ settings: SourceSettings) {
        startThread { [inbox] in ConsumerLoop(settings, inbox).run() }
    }

    deinit {
        inbox.append(.close)
    }

    /// Waits for messages.
    ///
    /// - Throws: ``SinkError``; `CancellationError` promptly.
    func receive(_ demand: Int) async throws -> [Message<[UInt8]>] {
        let call = Call<[Delivery]>()
        return try await call.wait { inbox.append(.receive(demand, call)) }.map { $0.message(self) }
    }

    /// Wants no more messages, until it asks for some again: what was not handed out goes back to the queue.
    func stop() {
        inbox.append(.stop)
    }

    /// Returns when everything is sent to the broker, which does not answer.
    ///
    /// - Throws: ``SinkError`` if the connection is gone, on which the messages came: the broker delivers them again.
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws {
        let settlement = ConsumerInbox.Settlement(
            generation: group,
            handled: outcome.successful.compactMap(\.tag),
            failed: outcome.failed.compactMap(\.receipt.tag)
        )
        let call = Call<Void>()
        try await call.wait { inbox.append(.settle(settlement, call)) }
    }
}

extension Receipt {
    fileprivate var tag: UInt64? {
        if case .number(let tag) = self { tag } else { nil }
    }
}
