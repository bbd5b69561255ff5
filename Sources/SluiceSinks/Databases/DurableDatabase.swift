import GRDB
import Glibc

/// Opens SQLite files so that what was committed survives a loss of power.
enum DurableDatabase {
    /// Opens a file, or creates it; changes nothing in it.
    ///
    /// - Parameter path: An absolute path.
    /// - Returns: A queue with one connection.
    /// - Throws: ``SinkError`` if the path cannot be used or the file is not a database.
    static func open(path: String) throws(SinkError) -> DatabaseQueue {
        try checkPath(path)
        var configuration = Configuration()
        // Somebody else may write to other tables of the file for a moment.
        configuration.busyMode = .timeout(10)
        do {
            return try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw SinkError(database: path, error)
        }
    }

    /// Turns the write-ahead log on, and synchronizes it at each commit.
    ///
    /// GRDB's own setting for this log does without the latter, and then a commit that was already reported to Postgres
    /// could be lost.
    static func makeDurable(_ queue: DatabaseQueue, path: String) throws(SinkError) {
        do {
            try queue.writeWithoutTransaction { database in
                let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
                try database.execute(sql: "PRAGMA synchronous = FULL")
                let level = try Int.fetchOne(database, sql: "PRAGMA synchronous")
                guard mode == "wal", level == 2 else {
                    throw SinkError(
                        .unusablePath,
                        "\(path) cannot be written durably (journal mode \(mode ?? "unknown")). Put it on a local "
                            + "file system."
                    )
                }
            }
        } catch {
            throw SinkError(database: path, error)
        }
    }

    /// SQLite's own answer to all of these is that it is unable to open the file.
    private static func checkPath(_ path: String) throws(SinkError) {
        let folder = path.lastIndex(of: "/").map { path[..<$0] }.map { $0.isEmpty ? "/" : String($0) } ?? "."
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw SinkError(opening: path, errno: errno) }
            guard access(folder, R_OK | W_OK | X_OK) == 0 else { throw SinkError(opening: path, errno: errno) }
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw SinkError(opening: path, errno: EISDIR)
        default: throw SinkError(opening: path, errno: ENXIO)
        }
        // SQLite keeps its log in the same folder.
        guard access(path, R_OK | W_OK) == 0, access(folder, W_OK | X_OK) == 0 else {
            throw SinkError(opening: path, errno: errno)
        }
    }
}
