import GRDB

extension SinkError {
    /// Says why a call on a database failed; an error that already says it is kept.
    ///
    /// - Parameters:
    ///   - path: The database's file.
    ///   - error: What was thrown.
    init(database path: String, _ error: any Error) {
        if let error = error as? SinkError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.inputOutput, "\(path) failed: \(error).", cause: error)
            return
        }
        // The statement's arguments are row data, so only the code and SQLite's own words are shown.
        let reason = "SQLite says \"\(error.message ?? "nothing")\", code \(error.extendedResultCode.rawValue)"
        let (code, advice): (Code, String) =
            switch error.resultCode {
            case .SQLITE_NOTADB: (.notOurs, "is not a SQLite database. Give another path, or move the file away")
            case .SQLITE_CORRUPT: (.corrupt, "is damaged. Restore it from a copy, or move it away to start anew")
            case .SQLITE_FULL: (.noSpace, "has no room left. Make room and start again; nothing is half written")
            case .SQLITE_BUSY, .SQLITE_LOCKED: (.inUse, "is locked by another program. End its transaction")
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN, .SQLITE_AUTH:
                (.noPermission, "cannot be written. Allow this user to write the file and its folder")
            case .SQLITE_TOOBIG, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH:
                (.refused, "refuses a message")
            default: (.inputOutput, "failed. Check the disk and its file system, and start again")
            }
        self.init(code, "\(path) \(advice) (\(reason)).", cause: error)
    }
}
