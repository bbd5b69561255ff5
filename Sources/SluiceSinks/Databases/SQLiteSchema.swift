import GRDB
import SluicePostgres

// GRDB has a Cursor too.
import struct SluicePostgres.Cursor

/// The sink's two tables: the messages, and how far they go.
enum SQLiteSchema {
    /// Creates the tables if the file has none, and says which source they belong to.
    ///
    /// - Parameters:
    ///   - database: In a transaction.
    ///   - path: The file's path, for messages.
    ///   - source: Where the messages will come from.
    /// - Returns: The sink's own cursor; `nil` if nothing was stored yet.
    /// - Throws: ``SinkError`` if the tables belong to something else.
    static func claim(_ database: Database, path: String, for source: SourceIdentity) throws -> Cursor? {
        if try database.tableExists("sluice_cursor") { return try claimExisting(database, path: path, for: source) }
        guard try !database.tableExists("changes") else {
            throw SinkError(
                .notOurs,
                "\(path) has a table \"changes\" that is not Sluice's. Give another file, or rename that table."
            )
        }
        try create(database, for: source)
        return nil
    }

    /// The stored cursor.
    static func cursor(_ database: Database) throws -> Cursor? {
        try Row.fetchOne(database.cachedStatement(sql: "SELECT \(StoredCursor.columns) FROM sluice_cursor"))
            .flatMap { StoredCursor($0)?.cursor }
    }

    /// Stores a cursor.
    static func setCursor(_ database: Database, _ cursor: Cursor) throws {
        try database.cachedStatement(sql: "UPDATE sluice_cursor SET (\(StoredCursor.columns)) = (?, ?, ?)")
            .execute(arguments: StatementArguments(StoredCursor(cursor).values))
    }

    private static func create(_ database: Database, for source: SourceIdentity) throws {
        try database.execute(
            sql: """
                CREATE TABLE changes (
                    commit_lsn INTEGER, commit_idx INTEGER, sub INTEGER, message TEXT,
                    PRIMARY KEY (commit_lsn, commit_idx, sub)
                );
                CREATE TABLE sluice_cursor (
                    id INTEGER PRIMARY KEY CHECK (id = 1),
                    system_identifier TEXT NOT NULL, timeline INTEGER NOT NULL, slot TEXT NOT NULL,
                    commit_lsn INTEGER, commit_idx INTEGER, sub INTEGER
                );
                """
        )
        try database.execute(
            sql: "INSERT INTO sluice_cursor (id, system_identifier, timeline, slot) VALUES (1, ?, ?, ?)",
            arguments: [source.systemIdentifier, source.timeline, source.slot]
        )
    }

    private static func claimExisting(_ database: Database, path: String, for source: SourceIdentity) throws -> Cursor?
    {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM sluice_cursor") else {
            throw SinkError(.corrupt, "The table \"sluice_cursor\" of \(path) is empty. Restore the file from a copy.")
        }
        let owner = SourceIdentity(
            systemIdentifier: row["system_identifier"],
            timeline: row["timeline"],
            slot: row["slot"]
        )
        guard (owner.systemIdentifier, owner.slot) == (source.systemIdentifier, source.slot) else {
            throw SinkError(
                .otherSource,
                "\(path) belongs to \(owner), not to \(source): their positions cannot be mixed. Give another file."
            )
        }
        guard owner.timeline <= source.timeline else {
            throw SinkError(
                .otherSource,
                "\(path) has messages of timeline \(owner.timeline), but the server is on timeline "
                    + "\(source.timeline): it is an old primary or an old copy. Connect to the current primary."
            )
        }
        try database.execute(sql: "UPDATE sluice_cursor SET timeline = ?", arguments: [source.timeline])
        return StoredCursor(row)?.cursor
    }
}
