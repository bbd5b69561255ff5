import GRDB
import SluicePostgres

// GRDB has a Cursor too.
import struct SluicePostgres.Cursor

/// How a cursor is stored in three integer columns, so that SQL orders it as Swift does.
struct StoredCursor: Hashable, Sendable {
    /// The columns' names, in the order of ``values``.
    static let columns = "commit_lsn, commit_idx, sub"

    let commitLSN: Int64
    let index: Int64
    let sub: Int64

    /// Positions are far below the highest integer; only the index of a commit, the highest number there is, becomes
    /// the highest that SQLite has.
    init(_ cursor: Cursor) {
        commitLSN = Int64(bitPattern: cursor.commitLSN.rawValue)
        index = Int64(clamping: cursor.index)
        sub = Int64(cursor.sub)
    }

    /// Reads the columns of a row; `nil` if there is no cursor yet.
    init?(_ row: Row) {
        guard let commitLSN: Int64 = row["commit_lsn"], let index: Int64 = row["commit_idx"],
            let sub: Int64 = row["sub"]
        else { return nil }
        self.commitLSN = commitLSN
        self.index = index
        self.sub = sub
    }

    var cursor: Cursor {
        Cursor(
            commitLSN: LSN(rawValue: UInt64(bitPattern: commitLSN)),
            index: index == .max ? Cursor.commitIndex : UInt64(clamping: index),
            sub: Int32(clamping: sub)
        )
    }

    var values: [any DatabaseValueConvertible] { [commitLSN, index, sub] }
}
