public import SluicePostgres
public import SluiceSinks

/// Replicates rows into tables of another Postgres database: upserts and deletes, in the order of the stream.
///
/// Exactly once: a batch, the tables and columns that it needs, and the sink's position are one transaction.
///
/// - **Speed:** statements of a batch are sent without waiting for the answer to each, up to a thousand at a time.
/// - **One writer:** a lock in the database refuses a second process while the first lives; and a transaction that does
///   not find the position that this process wrote last ends the stream.
/// - **Outages:** when the connection is lost, ``deliver(_:)`` waits, connects again and finds out whether its transaction
///   was committed; it returns when the batch is durable.
/// - **Rows that cannot be decoded** go to the table `sluice.dead_letters` in the same transaction; so do rows that the
///   database refuses, if that is asked for.
public final class PostgresSink: OrderedSink {
    /// User, host, port and database, the schema if one was given, and the name of the position's row.
    public let identity: String

    /// True: values go to columns as the source wrote them.
    public let readsRows = true

    private let settings: PostgresSettings
    private let report: @Sendable (String) -> Void
    private let closing = Closing()
    private let thread: SinkThread<PostgresWriter>

    init(_ settings: PostgresSettings, report: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.report = report
        identity = settings.identity
        thread = SinkThread(name: "\(settings.target)")
    }

    /// Connects, takes the lock, makes `sluice.cursors` if it is missing, and answers the position there.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await thread.open { [settings, closing, report] in
            try PostgresWriter.open(settings, for: source, closing: closing, report: report)
        }
    }

    /// Stores a batch and the position in one transaction.
    public func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await thread.deliver(changes)
    }

    /// Sets the position back; rows stay, and become what they were once more as their changes come again.
    ///
    /// Rows of tables without a key are then there twice.
    public func rewind(to cursor: Cursor) async throws -> SinkPosition {
        try await thread.rewind(to: cursor)
    }

    /// Ends every wait for the server, and the connection.
    public func close() async {
        closing.begin()
        await thread.close()
    }
}
