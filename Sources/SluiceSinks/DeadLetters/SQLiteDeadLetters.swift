import Foundation
import GRDB
import SluicePostgres
import Synchronization

/// Stores dead letters in the table `dead_letters` of a SQLite database, each once.
///
/// Its columns are `sink`, `commit_lsn`, `commit_idx`, `sub`, `reason`, `attempts`, `buried_at` (UTC) and `message`, the
/// JSON text. Other tables of the file are left alone.
public final class SQLiteDeadLetters: DeadLetterBox {
    private let path: String
    private let thread = BlockingThread()
    // Only the thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let queue = Mutex<DatabaseQueue?>(nil)

    /// Makes a box; nothing is opened yet.
    ///
    /// - Parameter path: Where the database is or will be; relative to the working folder unless it starts with `/`.
    public init(path: String) {
        self.path = absolutePath(path)
    }

    /// Opens or creates the database and its table.
    public func open() async throws {
        try await run { path, queue in
            let opened = try DurableDatabase.open(path: path)
            try DurableDatabase.makeDurable(opened, path: path)
            try opened.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS dead_letters (
                            sink TEXT NOT NULL, commit_lsn INTEGER NOT NULL, commit_idx INTEGER NOT NULL,
                            sub INTEGER NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL,
                            buried_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, message TEXT NOT NULL,
                            PRIMARY KEY (sink, commit_lsn, commit_idx, sub)
                        )
                        """
                )
            }
            queue = opened
        }
    }

    /// Stores the letters in one transaction; one that is there already is replaced.
    public func put(_ letters: [DeadLetter], of sink: String) async throws {
        try await run { path, queue in
            guard let queue else { throw SinkError(.notOpen, "\(path) is not open.") }
            try queue.write { database in
                let statement = try database.cachedStatement(
                    sql: """
                        INSERT OR REPLACE INTO dead_letters
                            (sink, \(StoredCursor.columns), reason, attempts, message)
                        VALUES (?, ?, ?, ?, ?, ?, ?)
                        """
                )
                for letter in letters {
                    let cursor = StoredCursor(letter.message.cursor)
                    try statement.execute(arguments: [
                        sink, cursor.commitLSN, cursor.index, cursor.sub, letter.reason, letter.attempts,
                        String(decoding: letter.message.body, as: UTF8.self),
                    ])
                }
            }
        }
    }

    /// Closes the database.
    public func close() async {
        await thread.close { [self] in queue.withLock { $0 = nil } }
    }

    private func run(_ body: @escaping @Sendable (String, inout DatabaseQueue?) throws -> Void) async throws {
        do {
            try await thread.run { [self] in
                do {
                    try queue.withLock { try body(path, &$0) }
                } catch {
                    throw SinkError(database: path, error)
                }
            }
        } catch is BlockingThread.Closed {
            throw SinkError(.notOpen, "\(path) is closed.")
        }
    }
}
