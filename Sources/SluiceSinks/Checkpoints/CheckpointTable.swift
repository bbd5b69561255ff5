import GRDB
import SluicePostgres

/// Reads and writes the records of the state file.
enum CheckpointTable {
    static func load(_ database: Database, source: SourceIdentity, sink: String) throws -> RememberedState {
        var state = RememberedState()
        for row in try Row.fetchAll(database, sql: "SELECT * FROM checkpoints WHERE sink = ?", arguments: [sink]) {
            let checkpoint = checkpoint(row)
            if (checkpoint.source.systemIdentifier, checkpoint.source.slot) == (source.systemIdentifier, source.slot) {
                state.checkpoint = checkpoint
            } else {
                state.otherSources.append(checkpoint.source)
            }
        }
        state.versions = try RelationVersionTable.load(database, source: source, sink: sink)
        return state
    }

    /// Writes a record; `reported` stays where it was if it is higher there.
    static func save(_ database: Database, _ checkpoint: Checkpoint) throws {
        let cursor = checkpoint.position.cursor.map(StoredCursor.init)
        try database.cachedStatement(
            sql: """
                INSERT INTO checkpoints (system_identifier, slot, sink, timeline, reported, \(StoredCursor.columns),
                    mark, fingerprint, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
                ON CONFLICT DO UPDATE SET timeline = excluded.timeline, reported = max(reported, excluded.reported),
                    commit_lsn = excluded.commit_lsn, commit_idx = excluded.commit_idx, sub = excluded.sub,
                    mark = excluded.mark, fingerprint = excluded.fingerprint, updated_at = excluded.updated_at
                """
        ).execute(arguments: [
            checkpoint.source.systemIdentifier, checkpoint.source.slot, checkpoint.sink, checkpoint.source.timeline,
            Int64(bitPattern: checkpoint.reported.rawValue), cursor?.commitLSN, cursor?.index, cursor?.sub,
            checkpoint.position.mark, checkpoint.fingerprint,
        ])
    }

    private static func checkpoint(_ row: Row) -> Checkpoint {
        Checkpoint(
            source: SourceIdentity(
                systemIdentifier: row["system_identifier"],
                timeline: row["timeline"],
                slot: row["slot"]
            ),
            sink: row["sink"],
            reported: LSN(rawValue: UInt64(bitPattern: row["reported"] as Int64)),
            position: SinkPosition(cursor: StoredCursor(row)?.cursor, mark: row["mark"]),
            fingerprint: row["fingerprint"]
        )
    }
}
