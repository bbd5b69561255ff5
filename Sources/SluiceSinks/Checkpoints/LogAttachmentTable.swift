import GRDB
import SluicePostgres

/// Reads and writes what the state file holds of the sinks that are fed from a log.
enum LogAttachmentTable {
    static func load(_ database: Database, source: SourceIdentity) throws -> [LogAttachment] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT * FROM log_sinks WHERE system_identifier = ? AND slot = ? ORDER BY sink",
            arguments: [source.systemIdentifier, source.slot]
        )
        return try rows.compactMap { row in
            guard let after = StoredCursor(row)?.cursor else { return nil }
            let sink: String = row["sink"]
            return LogAttachment(
                sink: sink,
                after: after,
                isDetached: row["detached_at"] != nil,
                readsRows: row["reads_rows"],
                cursor: try CheckpointTable.load(database, source: source, sink: sink).checkpoint?.position.cursor
            )
        }
    }

    /// Writes an attachment; what it says of the sink's position is in another table.
    static func save(_ database: Database, source: SourceIdentity, _ attachment: LogAttachment) throws {
        let after = StoredCursor(attachment.after)
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO log_sinks
                    (system_identifier, slot, sink, \(StoredCursor.columns), detached_at, reads_rows)
                VALUES (?, ?, ?, ?, ?, ?, CASE WHEN ? THEN strftime('%Y-%m-%dT%H:%M:%fZ', 'now') END, ?)
                """,
            arguments: [
                source.systemIdentifier, source.slot, attachment.sink, after.commitLSN, after.index, after.sub,
                attachment.isDetached, attachment.readsRows,
            ]
        )
    }
}
