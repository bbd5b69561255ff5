import GRDB
import GRDBSQLite
import SluicePostgres

// GRDB has a Cursor too.
import struct SluicePostgres.Cursor

/// Inserts messages with one prepared statement and no copy of their text on the way.
struct MessageInsertion {
    private let statement: Statement
    private let connection: SQLiteConnection?

    /// Prepares the statement.
    ///
    /// - Parameter database: Used only within the same access to the database.
    /// - Throws: `DatabaseError` if there is no such table.
    init(_ database: Database) throws {
        statement = try database.cachedStatement(
            sql: "INSERT INTO changes (\(StoredCursor.columns), message) VALUES (?, ?, ?, ?)"
        )
        connection = database.sqliteConnection
    }

    /// Inserts one message.
    ///
    /// - Parameters:
    ///   - cursor: The message's place; inserting the same twice is an error.
    ///   - message: Its JSON without the newline.
    /// - Throws: `DatabaseError`, without the message's text.
    func insert(_ cursor: Cursor, _ message: UnsafeRawBufferPointer) throws {
        let handle = statement.sqliteStatement
        let stored = StoredCursor(cursor)
        sqlite3_bind_int64(handle, 1, stored.commitLSN)
        sqlite3_bind_int64(handle, 2, stored.index)
        sqlite3_bind_int64(handle, 3, stored.sub)
        // Without a destructor SQLite uses the bytes in place; they live until after the step, which is the last use.
        let bound = sqlite3_bind_text(
            handle,
            4,
            message.baseAddress?.assumingMemoryBound(to: CChar.self),
            Int32(message.count),
            nil
        )
        let stepped = bound == SQLITE_OK ? sqlite3_step(handle) : bound
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        guard stepped == SQLITE_DONE else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: stepped),
                message: "\(String(cString: sqlite3_errmsg(connection))), message \(cursor)"
            )
        }
    }
}
