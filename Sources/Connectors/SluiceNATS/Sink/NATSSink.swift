public import SluiceSinks

/// Publishes messages to streams of NATS JetStream, many at once, and waits until each is stored.
///
/// A message is durable when the stream's leader has answered for it: with three replicas two have it then.
///
/// `Nats-Msg-Id` is the message's idempotency key: what is sent again within the stream's duplicate window, 2 minutes
/// unless it says otherwise, is not stored again.
public final class NATSSink: KeyedSink {
    /// The servers and the subject, without user and password.
    public let identity: String

    private let settings: NATSSinkSettings
    private let state: OpenState<PublishConnection>

    init(_ settings: NATSSinkSettings) {
        self.settings = settings
        identity = settings.name
        state = OpenState(name: settings.name)
    }

    /// 256 messages, 4 MiB, and as large a message as the server takes, 1 MiB unless it says otherwise.
    public var limits: RequestLimits {
        let size = state.connection?.messageSize ?? 1 << 20
        return RequestLimits(messages: 256, bytes: 4 << 20, messageBytes: size, concurrency: 8)
    }

    /// The server takes each message on its own: so a request holds one message of a key.
    public let keyFailure = KeyFailure.independent

    /// Connects; publishes nothing.
    ///
    /// - Returns: What is remembered: the sink keeps no cursor.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await state.open { try await PublishConnection(settings) }
        return SinkOpening(position: remembered ?? SinkPosition(cursor: nil))
    }

    /// Publishes messages, and waits for the answers.
    public func send(_ messages: [OutgoingMessage]) async throws -> [SendResult] {
        return try await state.required().send(messages)
    }

    /// Closes the connection.
    public func close() async {
        _ = state.close()
    }
}
