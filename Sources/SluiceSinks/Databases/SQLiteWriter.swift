import GRDB
import SluicePostgres

// GRDB has a Cursor too.
import struct SluicePostgres.Cursor

/// The blocking half of ``SQLiteSink``.
struct SQLiteWriter: SinkWriter {
    private let path: String
    private let queue: DatabaseQueue
    private var progress: DeliveryProgress

    /// Opens or creates the file and its tables.
    static func open(path: String, source: SourceIdentity) throws -> (SQLiteWriter, SinkOpening) {
        let queue = try DurableDatabase.open(path: path)
        do {
            var cursor: Cursor?
            try queue.inTransaction(.immediate) { database in
                cursor = try SQLiteSchema.claim(database, path: path, for: source)
                return .commit
            }
            // Only now: a file that is refused above is left as it was.
            try DurableDatabase.makeDurable(queue, path: path)
            let writer = SQLiteWriter(path: path, queue: queue, progress: DeliveryProgress(at: cursor))
            return (writer, SinkOpening(position: SinkPosition(cursor: cursor)))
        } catch {
            throw SinkError(database: path, error)
        }
    }

    mutating func deliver(_ changes: [Change]) throws -> SinkPosition {
        var progress = progress
        try transaction { database in
            let insertion = try MessageInsertion(database)
            for change in changes {
                guard let first = try progress.take(change) else { continue }
                try change.forEachMessage(from: first) { try insertion.insert($0, $1) }
            }
            if let cursor = progress.cursor { try SQLiteSchema.setCursor(database, cursor) }
        }
        self.progress = progress
        return SinkPosition(cursor: progress.cursor)
    }

    mutating func rewind(to cursor: Cursor) throws -> SinkPosition {
        guard let last = progress.cursor, last > cursor else { return SinkPosition(cursor: progress.cursor) }
        try transaction { database in
            try database.execute(
                sql: "DELETE FROM changes WHERE (\(StoredCursor.columns)) > (?, ?, ?)",
                arguments: StatementArguments(StoredCursor(cursor).values)
            )
            try SQLiteSchema.setCursor(database, cursor)
        }
        progress = DeliveryProgress(at: cursor)
        return SinkPosition(cursor: cursor)
    }

    /// Runs a transaction, unless another process has moved the cursor: then that one owns the sink.
    private func transaction(_ body: (Database) throws -> Void) throws {
        do {
            try queue.inTransaction(.immediate) { database in
                let stored = try SQLiteSchema.cursor(database)
                guard stored == progress.cursor else { throw takenOver(stored) }
                try body(database)
                return .commit
            }
        } catch {
            throw SinkError(database: path, error)
        }
    }

    private func takenOver(_ stored: Cursor?) -> SinkError {
        SinkError(
            .takenOver,
            "Another process has written to \(path): it stands at \(stored?.description ?? "the start") instead of "
                + "\(progress.cursor?.description ?? "the start"). This process stops; let only one write."
        )
    }
}
