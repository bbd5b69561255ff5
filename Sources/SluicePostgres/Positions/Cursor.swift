/// The place of one change in the stream of a slot: totally ordered, unique, and the same on every replay.
///
/// A transaction is identified by the position of its commit record (Begin's `final_lsn`), not by the positions of its
/// rows: those interleave between transactions, and several rows may share one.
public struct Cursor: Hashable, Comparable, Sendable {
    /// Where the commit record of the change's transaction starts.
    public var commitLSN: LSN

    /// The number of the Insert, Update, Delete or Truncate within its transaction, from 0, before any filter.
    public var index: UInt64

    /// The number of the message among those that one change becomes.
    ///
    /// A row's message has 0, and a truncate's have 0, 1 and so on, whatever precedes them: what comes before the change
    /// itself, such as the tidings that its table is no longer what it was, counts down to -1.
    public var sub: Int32

    /// The index that a transaction's Commit takes: above every row's.
    public static let commitIndex = UInt64.max

    /// Makes a cursor.
    ///
    /// - Parameters:
    ///   - commitLSN: Where the transaction's commit record starts.
    ///   - index: The number of the change within the transaction.
    ///   - sub: The number of the message within the change.
    public init(commitLSN: LSN, index: UInt64, sub: Int32 = 0) {
        self.commitLSN = commitLSN
        self.index = index
        self.sub = sub
    }

    /// Orders cursors as their changes were committed.
    public static func < (left: Cursor, right: Cursor) -> Bool {
        (left.commitLSN.rawValue, left.index, left.sub) < (right.commitLSN.rawValue, right.index, right.sub)
    }
}

extension Cursor: CustomStringConvertible {
    /// `commitLSN:index`, followed by `:sub` if that is not 0.
    public var description: String {
        sub == 0 ? "\(commitLSN):\(index)" : "\(commitLSN):\(index):\(sub)"
    }
}
