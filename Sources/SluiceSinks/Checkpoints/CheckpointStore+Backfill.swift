import GRDB
package import SluicePostgres

// GRDB has a Cursor too.
package import struct SluicePostgres.Cursor

/// The copies of tables in the state file.
extension CheckpointStore {
    /// Adds tables to be copied; those that are there stay as they are.
    ///
    /// - Throws: ``SinkError`` if they could not be stored.
    package func addBackfills(_ tables: [CopyTable], source: SourceIdentity, sink: String) async throws {
        try await perform { opened in
            try opened.queue.write { try BackfillTable.add($0, source: source, sink: sink, tables) }
        }
    }

    /// The tables of one sink, in the order in which they were added.
    package func backfills(source: SourceIdentity, sink: String) async throws -> [BackfillRecord] {
        try await perform { opened in
            try opened.queue.read { try BackfillTable.load($0, source: source, sink: sink) }
        }
    }

    /// The tables of all sinks.
    package func allBackfills() async throws -> [BackfillRecord] {
        try await perform { opened in try opened.queue.read { try BackfillTable.all($0) } }
    }

    /// Says why a table cannot be copied.
    package func refuseBackfill(
        of oid: UInt32,
        source: SourceIdentity,
        sink: String,
        reason: String
    ) async throws {
        try await perform { opened in
            try opened.queue.write {
                try BackfillTable.refuse($0, source: source, sink: sink, oid: oid, reason: reason)
            }
        }
    }

    /// Changes the status of a table for a user.
    ///
    /// - Parameters:
    ///   - record: Of the table.
    ///   - status: The new one.
    ///   - isAnew: The copy is to begin with the first row.
    /// - Throws: ``SinkError`` if it could not be stored.
    package func changeBackfill(
        _ record: BackfillRecord,
        to status: BackfillRecord.Status,
        isAnew: Bool = false
    ) async throws {
        try await perform { opened in
            try opened.queue.write { try BackfillTable.change($0, record, to: status, isAnew: isAnew) }
        }
    }

    /// Ends the run before, if there was one, and begins the next, see ``SluicePostgres/CopyJournal``.
    ///
    /// - Parameters:
    ///   - source: Where the changes come from.
    ///   - sink: The sink's identity.
    ///   - cursor: Watermarks of the run before that lie above it are void; `nil`: all.
    ///   - reported: What is below it is never sent again.
    /// - Returns: The next run, and those before it that count.
    /// - Throws: ``SinkError`` if it could not be stored.
    package func beginBackfillRun(
        source: SourceIdentity,
        sink: String,
        endedAt cursor: Cursor?,
        reported: LSN
    ) async throws -> CopyJournal {
        try await perform { opened in
            try opened.queue.write {
                try BackfillTable.beginRun($0, source: source, sink: sink, endedAt: cursor, reported: reported)
            }
        }
    }
}
