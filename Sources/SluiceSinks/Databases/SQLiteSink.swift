public import SluicePostgres

/// Stores messages in a SQLite database, exactly once.
///
/// The table is `changes(commit_lsn, commit_idx, sub, message)`, its first three columns the primary key; `message` is
/// the JSON text. Each batch is one transaction, which also moves the sink's own cursor in the table `sluice_cursor`,
/// so that both are there or neither is. Other tables of the file are left alone.
///
/// - **One source:** the file belongs to the server and the slot that wrote first; others are refused.
/// - **One writer:** each transaction first checks that the cursor is the one this process wrote last. If it is not,
///   another process has taken over, and this one stops.
/// - **Readers:** may read at any time (the file is in WAL mode).
public final class SQLiteSink: OrderedSink {
    /// `sqlite:` and the absolute path.
    public let identity: String

    private let path: String
    private let thread: SinkThread<SQLiteWriter>

    /// Makes a sink; nothing is opened yet.
    ///
    /// - Parameter path: Where the database is or will be; relative to the working folder unless it starts with `/`.
    public init(path: String) {
        self.path = absolutePath(path)
        identity = "sqlite:\(self.path)"
        thread = SinkThread(name: self.path)
    }

    /// Opens or creates the database and answers its own cursor, whatever is remembered.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await thread.open { [path] in try SQLiteWriter.open(path: path, source: source) }
    }

    /// Stores a batch and the cursor in one transaction.
    public func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await thread.deliver(changes)
    }

    /// Deletes every message above a cursor.
    public func rewind(to cursor: Cursor) async throws -> SinkPosition {
        try await thread.rewind(to: cursor)
    }

    /// Closes the database.
    public func close() async {
        await thread.close()
    }
}
