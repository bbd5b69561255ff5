import GRDB
import SluicePostgres

// GRDB has a Cursor too.
import struct SluicePostgres.Cursor

/// Reads and writes what the state file holds of the copies of tables.
enum BackfillTable {
    private static let place = "system_identifier = ? AND slot = ? AND sink = ?"

    /// Adds tables that are not there yet.
    static func add(_ database: Database, source: SourceIdentity, sink: String, _ tables: [CopyTable]) throws {
        for table in tables {
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO backfills (system_identifier, slot, sink, oid, table_schema, table_name, status)
                    VALUES (?, ?, ?, ?, ?, ?, 'copying')
                    """,
                arguments: [source.systemIdentifier, source.slot, sink, table.oid, table.schema, table.name]
            )
        }
    }

    /// The tables of one sink of one slot.
    static func load(_ database: Database, source: SourceIdentity, sink: String) throws -> [BackfillRecord] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM backfills WHERE \(place) ORDER BY rowid",
            arguments: [source.systemIdentifier, source.slot, sink]
        ).compactMap(record)
    }

    /// The tables of all sinks.
    static func all(_ database: Database) throws -> [BackfillRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM backfills ORDER BY slot, sink, rowid").compactMap(record)
    }

    private static func record(_ row: Row) -> BackfillRecord? {
        guard let status = BackfillRecord.Status(rawValue: row["status"]) else { return nil }
        return BackfillRecord(
            slot: row["slot"],
            sink: row["sink"],
            oid: row["oid"],
            schema: row["table_schema"],
            table: row["table_name"],
            status: status,
            reason: row["reason"],
            lastKey: (row["last_key"] as String?).flatMap { RowKey(text: $0) },
            rows: row["row_count"]
        )
    }

    /// Moves a table on: never back from what a user has decided meanwhile.
    static func save(_ database: Database, _ checkpoint: Checkpoint, _ page: CopiedPage) throws {
        try database.cachedStatement(
            sql: """
                UPDATE backfills SET last_key = coalesce(?, last_key), row_count = row_count + ?,
                    status = CASE WHEN ? AND status <> 'cancelled' THEN 'done' ELSE status END
                WHERE \(place) AND oid = ? AND first_run <= ?
                """
        ).execute(arguments: [
            page.lastKey?.text, page.rows, page.isLast, checkpoint.source.systemIdentifier, checkpoint.source.slot,
            checkpoint.sink, page.table, page.run,
        ])
    }

    /// Says that a table cannot be copied.
    static func refuse(
        _ database: Database,
        source: SourceIdentity,
        sink: String,
        oid: UInt32,
        reason: String
    ) throws {
        try database.execute(
            sql: "UPDATE backfills SET status = 'refused', reason = ? WHERE \(place) AND oid = ?",
            arguments: [reason, source.systemIdentifier, source.slot, sink, oid]
        )
    }

    private static let nextRun = """
        1 + coalesce((SELECT max(run) FROM backfill_runs r WHERE r.system_identifier = backfills.system_identifier
            AND r.slot = backfills.slot AND r.sink = backfills.sink), 0)
        """

    /// Changes the status of a table for a user.
    ///
    /// - Parameters:
    ///   - database: The state file.
    ///   - record: Of the table.
    ///   - status: The new one.
    ///   - isAnew: The copy is to begin with the first row, whatever the log holds of earlier runs.
    /// - Throws: `DatabaseError`.
    static func change(
        _ database: Database,
        _ record: BackfillRecord,
        to status: BackfillRecord.Status,
        isAnew: Bool
    ) throws {
        try database.execute(
            sql: """
                UPDATE backfills SET status = ?, reason = NULL
                    \(isAnew ? ", last_key = NULL, row_count = 0, first_run = \(nextRun)" : "")
                WHERE slot = ? AND sink = ? AND oid = ?
                """,
            arguments: [status.rawValue, record.slot, record.sink, record.oid]
        )
    }

    /// Ends the run before at a cursor, and begins the next.
    ///
    /// - Parameters:
    ///   - database: The state file.
    ///   - source: Where the changes come from.
    ///   - sink: The sink's identity.
    ///   - cursor: Where the sink stands, or stood when the run ended.
    ///   - reported: What is below it is never sent again; runs that ended there are forgotten.
    /// - Returns: The next run, and those before it that count.
    /// - Throws: `DatabaseError`.
    static func beginRun(
        _ database: Database,
        source: SourceIdentity,
        sink: String,
        endedAt cursor: Cursor?,
        reported: LSN
    ) throws -> CopyJournal {
        let key: [any DatabaseValueConvertible] = [source.systemIdentifier, source.slot, sink]
        let stored = cursor.map(StoredCursor.init)
        try database.execute(
            sql: """
                UPDATE backfill_runs SET has_ended = 1, commit_lsn = ?, commit_idx = ?, sub = ?
                WHERE \(place) AND NOT has_ended
                """,
            arguments: [stored?.commitLSN, stored?.index, stored?.sub] + StatementArguments(key)
        )
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT * FROM backfill_runs WHERE \(place) ORDER BY run",
            arguments: StatementArguments(key)
        )
        let past = rows.map { CopyJournal.PastRun(number: $0["run"], end: StoredCursor($0)?.cursor) }
        let run = (past.last?.number ?? 0) + 1
        let kept = past.filter { $0.end.map { $0.commitLSN >= reported } ?? false }
        for old in past where !kept.contains(old) {
            try database.execute(
                sql: "DELETE FROM backfill_runs WHERE \(place) AND run = ?",
                arguments: StatementArguments(key) + [old.number]
            )
        }
        try database.execute(
            sql: "INSERT INTO backfill_runs (system_identifier, slot, sink, run) VALUES (?, ?, ?, ?)",
            arguments: StatementArguments(key) + [run]
        )
        var journal = CopyJournal(run: run, past: kept)
        let begun = try Row.fetchAll(
            database,
            sql: "SELECT oid, first_run FROM backfills WHERE \(place)",
            arguments: StatementArguments(key)
        )
        for row in begun { journal.firstRuns[row["oid"]] = row["first_run"] }
        return journal
    }
}
