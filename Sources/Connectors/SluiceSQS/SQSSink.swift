import SluiceHTTP
public import SluiceSinks

/// Sends messages to a queue of Amazon SQS, up to ten in a request.
///
/// A message is durable when SQS has named its identifier: it keeps it on several servers from then on.
///
/// - **FIFO queues:** the group is the table and the key, so that consumers get the changes of a row in order; the
///   deduplication identifier is the message's idempotency key, so that what is sent again within five minutes is not
///   delivered again.
/// - **Standard queues:** order and repetition are as SQS has them; the idempotency key is in each message.
/// - **Credentials** come from where the AWS command line has them, and are replaced before they end.
public final class SQSSink: KeyedSink {
    /// `sqs:` and the queue's URL.
    public let identity: String

    private let settings: SQSSettings
    private let environment: [String: String]
    private let state: OpenState<Connection>

    /// What `open` made.
    private struct Connection: Sendable {
        var requests: SQSConnection
        var limits: RequestLimits
        var messageSize: Int
    }

    init(_ settings: SQSSettings, environment: [String: String]) {
        self.settings = settings
        identity = "sqs:\(settings.queue.url)"
        state = OpenState(name: identity)
        self.environment = environment
    }

    /// Ten messages and, once the queue was asked, as many bytes as it takes in one message, but at least 256 KiB.
    ///
    /// AWS allows 1 MiB for a message and for a request; older queues, and other services with this protocol, allow 256
    /// KiB for both. What the queue says about a message is what holds for a request too, unless its owner allows less.
    public var limits: RequestLimits {
        state.connection?.limits ?? Self.limits(settings, messageSize: 0)
    }

    /// A message that failed says nothing about the others.
    ///
    /// SQS takes each entry of a request on its own, in FIFO queues too: so a request holds one message of a key.
    public let keyFailure = KeyFailure.independent

    /// Finds the queue and asks for its largest message; sends nothing.
    ///
    /// - Returns: What is remembered: a queue cannot be asked for what went into it.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await state.open(connect)
        return SinkOpening(position: remembered ?? SinkPosition(cursor: nil))
    }

    /// Sends messages in one request; in more, if the service refuses to take them together.
    public func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        let connection = try state.required()
        var results: [SendResult?] = messages.map { message in
            guard message.size > connection.messageSize else { return nil }
            return .refused(
                reason:
                    "it has \(message.size) bytes with its attributes, and the queue takes \(connection.messageSize)"
            )
        }
        let places = messages.indices.filter { results[$0] == nil }
        if !places.isEmpty {
            let sent = try await sendInParts(
                places.map { messages[$0] }[...],
                keyFailure,
                connection.requests.client.send
            )
            for (place, result) in zip(places, sent) { results[place] = result }
        }
        return results.map { $0 ?? .failed(reason: "it was not sent") }
    }

    /// Closes the connections.
    public func close() async {
        await state.close()?.requests.close()
    }

    private func connect() async throws -> Connection {
        let connection = try SQSConnection(
            to: settings.queue,
            region: settings.region,
            for: .sending,
            connections: settings.concurrency,
            timeout: settings.timeout,
            environment: environment
        )
        let size = try await connection.client.largestMessage()
        return Connection(
            requests: connection,
            limits: Self.limits(settings, messageSize: size),
            messageSize: size
        )
    }

    private static func limits(_ settings: SQSSettings, messageSize: Int) -> RequestLimits {
        let bytes = settings.maxBytes ?? max(262_144, messageSize)
        // The limits of the protocol are for bodies and keys, those of the service for bodies and attributes.
        let attributes = min(10 * OutgoingMessage.largestAttributes, bytes / 2)
        return RequestLimits(messages: 10, bytes: bytes - attributes, concurrency: settings.concurrency)
    }
}
