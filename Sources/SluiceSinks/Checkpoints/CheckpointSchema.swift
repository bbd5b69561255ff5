import GRDB

/// The state file's versions, oldest first; a version that was released never changes.
enum CheckpointSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: checkpoints") { database in
            try database.execute(
                sql: """
                    CREATE TABLE checkpoints (
                        system_identifier TEXT NOT NULL, slot TEXT NOT NULL, sink TEXT NOT NULL,
                        timeline INTEGER NOT NULL, reported INTEGER NOT NULL,
                        commit_lsn INTEGER, commit_idx INTEGER, sub INTEGER, mark TEXT NOT NULL,
                        fingerprint TEXT NOT NULL, updated_at TEXT NOT NULL,
                        PRIMARY KEY (system_identifier, slot, sink)
                    )
                    """
            )
        }
        migrator.registerMigration("2: relations") { database in
            // The description is a Relation message of pgoutput's version 1.
            try database.execute(
                sql: """
                    CREATE TABLE relations (
                        system_identifier TEXT NOT NULL, slot TEXT NOT NULL, sink TEXT NOT NULL, oid INTEGER NOT NULL,
                        commit_lsn INTEGER NOT NULL, commit_idx INTEGER NOT NULL, sub INTEGER NOT NULL,
                        description BLOB NOT NULL,
                        PRIMARY KEY (system_identifier, slot, sink, oid)
                    )
                    """
            )
        }
        migrator.registerMigration("3: log_sinks") { database in
            // A sink gets what is above the cursor; one that is detached gets nothing.
            try database.execute(
                sql: """
                    CREATE TABLE log_sinks (
                        system_identifier TEXT NOT NULL, slot TEXT NOT NULL, sink TEXT NOT NULL,
                        commit_lsn INTEGER NOT NULL, commit_idx INTEGER NOT NULL, sub INTEGER NOT NULL,
                        detached_at TEXT,
                        PRIMARY KEY (system_identifier, slot, sink)
                    )
                    """
            )
        }
        migrator.registerMigration("4: backfills") { database in
            try database.execute(
                sql: """
                    CREATE TABLE backfills (
                        system_identifier TEXT NOT NULL, slot TEXT NOT NULL, sink TEXT NOT NULL, oid INTEGER NOT NULL,
                        table_schema TEXT NOT NULL, table_name TEXT NOT NULL,
                        status TEXT NOT NULL, reason TEXT, last_key TEXT, row_count INTEGER NOT NULL DEFAULT 0,
                        first_run INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY (system_identifier, slot, sink, oid)
                    );
                    CREATE TABLE backfill_runs (
                        system_identifier TEXT NOT NULL, slot TEXT NOT NULL, sink TEXT NOT NULL, run INTEGER NOT NULL,
                        has_ended INTEGER NOT NULL DEFAULT 0, commit_lsn INTEGER, commit_idx INTEGER, sub INTEGER,
                        PRIMARY KEY (system_identifier, slot, sink, run)
                    );
                    """
            )
        }
        migrator.registerMigration("5: rows in a log") { database in
            try database.execute(sql: "ALTER TABLE log_sinks ADD COLUMN reads_rows INTEGER NOT NULL DEFAULT 0")
        }
        return migrator
    }

    /// Brings a file to the newest version.
    ///
    /// - Throws: ``SinkError`` if it is damaged or newer than this program.
    static func migrate(_ queue: DatabaseQueue, path: String) throws {
        let migrator = migrator
        let (findings, isNewer) = try queue.read { database in
            (try String.fetchAll(database, sql: "PRAGMA quick_check(1)"), try migrator.hasBeenSuperseded(database))
        }
        guard findings == ["ok"] else {
            throw SinkError(
                .corrupt,
                "\(path) is damaged (\(findings.joined(separator: ", "))). Restore it from a copy, or move it away to "
                    + "start anew."
            )
        }
        guard !isNewer else {
            throw SinkError(
                .newerVersion,
                "\(path) was written by a newer version of Sluice. Use that version, or another state folder."
            )
        }
        try migrator.migrate(queue)
    }
}
