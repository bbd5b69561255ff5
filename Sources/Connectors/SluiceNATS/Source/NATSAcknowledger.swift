import CLibNATS
import SluiceLeases
import SluicePipelines
import SluicePostgres
import SluiceSinks

/// Acknowledges messages that were handled, and gives back or leaves those that failed.
///
/// It holds the connection, and so does every message through it: also when the source is gone.
final class NATSAcknowledger: Acknowledger {
    private let connection: NATSConnection
    private let onFailure: NATSSource.Options.FailedMessage
    private let leases: LeaseExtension?

    /// - Parameters:
    ///   - connection: On which messages came.
    ///   - onFailure: What becomes of messages that failed.
    ///   - leases: Keeps messages that are being handled; `nil`: nobody does.
    init(_ connection: NATSConnection, _ onFailure: NATSSource.Options.FailedMessage, _ leases: LeaseExtension?) {
        self.connection = connection
        self.onFailure = onFailure
        self.leases = leases
    }

    /// Makes messages for a pipeline, and keeps them from others until it is told of them.
    func messages(_ deliveries: [Delivery]) -> [Message<[UInt8]>] {
        let receipts = deliveries.map { Receipt.text($0.reply) }
        leases?.keep(receipts)
        let acknowledgements = acknowledgements(of: receipts)
        return zip(deliveries, acknowledgements).map { $0.message($1) }
    }

    func dropped(_ receipts: [Receipt], of group: Int) {
        // They come back after their ack wait, and no later.
        leases?.release(receipts)
    }

    /// - Throws: ``SinkError`` if the library has not taken all acknowledgements: those messages come back.
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws {
        // First: a message that was given back must not be kept from others again.
        leases?.release(outcome.successful + outcome.failed.map(\.receipt))
        var texts = outcome.successful.map { (subject: $0.reply, text: "+ACK") }
        if let text = onFailure.text { texts += outcome.failed.map { (subject: $0.receipt.reply, text: text) } }
        guard !texts.isEmpty else { return }
        guard let failure = try await connection.thread.run({ [connection, texts] in connection.publish(texts) })
        else { return }
        throw NATSFailure(connection.name).unavailable(
            "was not told of \(failure.count) of \(texts.count) messages, which it delivers again when their ack wait is "
                + "over: \(NATSFailure.text(failure.status))"
        )
    }
}

extension NATSConnection {
    /// Tells the server that messages are in progress, so that their ack wait begins anew.
    func extend(_ leases: [LeaseChange]) async throws -> [(any Error)?] {
        let failure = try await thread.run { [self] in publish(leases.map { ($0.receipt.reply, "+WPI") }) }
        if let failure { throw NATSFailure(name).unavailable(NATSFailure.text(failure.status)) }
        return leases.map { _ in nil }
    }
}

extension NATSSource.Options.FailedMessage {
    /// What the server is told; `nil`: nothing.
    fileprivate var text: String? {
        switch self {
        case .leave: nil
        case .nak(nil): "-NAK"
        case .nak(let delay?): "-NAK {\"delay\": \(delay.nanoseconds)}"
        case .term: "+TERM"
        }
    }
}

extension Receipt {
    fileprivate var reply: String {
        if case .text(let reply) = self { reply } else { "" }
    }
}
