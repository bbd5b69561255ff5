internal import Sluice
import SluicePostgres
public import SluiceSinks

/// Publishes messages to an exchange of RabbitMQ, persistent and with publisher confirms.
///
/// At least once: a message counts as durable when the broker has confirmed it, which it does when all queues that get it
/// have stored it. A message that no queue gets has failed. After a lost connection messages come again, with the same
/// `message_id`.
///
/// - **Order:** a message of a key is published when the one before it is confirmed; others overtake it freely.
/// - **Speed:** up to 2,000 publishes are under way on one connection.
public final class RabbitMQSink: KeyedSink {
    /// The broker without user and password, the exchange and the routing key.
    public let identity: String

    /// 500 messages or 4 MiB in a request, four requests at a time, messages of up to `max_message_bytes`.
    public let limits: RequestLimits

    /// A message that no queue gets says nothing about later ones: so a request holds one message of a key.
    public let keyFailure = KeyFailure.independent

    private let inbox: SinkInbox

    init(_ settings: SinkSettings) {
        identity = settings.name
        inbox = SinkInbox(name: settings.name)
        limits = RequestLimits(
            messages: 500,
            bytes: 4 << 20,
            messageBytes: settings.largestMessage,
            concurrency: 4
        )
        startThread { [inbox] in PublisherLoop(settings, inbox).run() }
    }

    deinit {
        inbox.close()
    }

    /// Connects, and asks for the exchange; for the queue, if there is just one in the default exchange.
    ///
    /// - Returns: What is remembered: a broker cannot be asked for what went through it.
    /// - Throws: ``SluiceSinks/SinkError``: `unavailable`, `notAuthorized`, `missing`, `badOption`.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await inbox.ask { .open($0) }
        return SinkOpening(position: remembered ?? SinkPosition(cursor: nil))
    }

    /// Publishes messages, and waits for the confirms of all; connects anew if the connection was lost.
    public func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        try await inbox.ask { .send(messages, $0) }
    }

    /// Closes the connection and ends the thread; what is not confirmed is given up.
    public func close() async {
        try? await inbox.ask { (call: Call<Void>) in .close(call) }
    }
}
