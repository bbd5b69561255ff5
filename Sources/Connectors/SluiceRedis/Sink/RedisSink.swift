public import SluicePostgres
public import SluiceSinks

/// Adds messages to streams of a Redis server, in the order of the slot.
///
/// Exactly once, as long as the server keeps what it has answered: a part of a batch and the sink's position are one
/// script, which the server runs as a whole or not at all.
///
/// - **Entries:** the field `message` is the message's JSON; `key` is the row's key, if it has one.
/// - **One writer:** a script that does not find the position that this process stored last adds nothing, and ends the
///   stream.
/// - **Outages:** when the connection is lost, ``deliver(_:)`` waits, connects again and looks how far the server is;
///   it returns when it has everything.
public final class RedisSink: OrderedSink {
    /// Host, port and database, the template of the streams' keys, and the name of the position.
    public let identity: String

    private let settings: RedisSinkSettings
    private let report: @Sendable (String) -> Void
    private let closing = Closing()
    private let thread: SinkThread<RedisWriter>

    init(_ settings: RedisSinkSettings, report: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.report = report
        identity = settings.identity
        thread = SinkThread(name: "\(settings.address)")
    }

    /// Connects, and answers the position there.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await thread.open { [settings, closing, report] in
            try RedisWriter.open(settings, for: source, closing: closing, report: report)
        }
    }

    /// Adds a batch and stores the position.
    public func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await thread.deliver(changes)
    }

    /// Deletes every message above a cursor from the streams.
    public func rewind(to cursor: Cursor) async throws -> SinkPosition {
        try await thread.rewind(to: cursor)
    }

    /// Ends every wait for the server, and the connection.
    public func close() async {
        closing.begin()
        await thread.close()
    }
}
