import GRDB
import SluicePostgres

import struct Foundation.Data

/// Reads and writes what the state file holds of the tables of a slot.
enum RelationVersionTable {
    /// The newest version of each table.
    ///
    /// - Throws: ``SinkError`` if one cannot be read.
    static func load(_ database: Database, source: SourceIdentity, sink: String) throws -> [RelationVersion] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT * FROM relations WHERE system_identifier = ? AND slot = ? AND sink = ?",
            arguments: [source.systemIdentifier, source.slot, sink]
        )
        return try rows.map { row in
            let description: Data = row["description"]
            guard let stored = StoredCursor(row),
                let relation = try? description.withUnsafeBytes({ try Relation(decoding: $0) })
            else {
                throw SinkError(
                    .corrupt,
                    "The state file does not say what the table with oid \(row["oid"] as Int64) was like. Restore it from "
                        + "a copy, or start with a new state folder."
                )
            }
            return RelationVersion(relation, since: stored.cursor)
        }
    }

    /// Replaces the version of a table.
    static func save(_ database: Database, _ checkpoint: Checkpoint, _ version: RelationVersion) throws {
        let since = StoredCursor(version.since)
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO relations
                    (system_identifier, slot, sink, oid, \(StoredCursor.columns), description)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            checkpoint.source.systemIdentifier, checkpoint.source.slot, checkpoint.sink, version.relation.oid,
            since.commitLSN, since.index, since.sub, Data(version.relation.encoded),
        ])
    }
}
