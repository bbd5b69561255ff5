internal import DequeModule

/// The rows of one table that streamed transactions have changed and that a page may hold as they were before.
///
/// A row of a page is stale if and only if a transaction that the page's snapshot has not seen was streamed before the
/// page and changed it. So each change is kept until a snapshot has seen its transaction. Positions in the log cannot
/// decide that: a transaction's commit is in the log, and streamed, before other sessions see what it did, and while it
/// waits for a synchronous standby that may be long.
///
/// Pure: no lock, no clock.
struct ConcurrentChanges: Sendable {
    private struct Transaction {
        var xid: UInt32
        var keys: [RowKey] = []
        /// Of rows whose large values the stream does not have.
        var incomplete: [RowKey] = []
        /// Every row is gone, as after a truncate.
        var isWhole = false
        /// It is not known which rows have changed.
        var isUnknown = false
    }

    /// So many transactions are remembered from before the table was watched: one that is not seen for longer, while so
    /// many others begin and end in the stream, is taken for impossible.
    private static let memory = 16_384

    private let limit: Int
    private var recent: Deque<UInt32> = []
    /// Streamed before the table was watched; what they changed is not known.
    private var before: [UInt32] = []
    private var transactions: [Transaction] = []
    private var bytes = 0

    /// - Parameter limit: How many bytes of keys may be kept, about.
    init(limit: Int) {
        self.limit = limit
    }

    /// Forgets everything, and watches from here on.
    mutating func restart() {
        before = Array(recent)
        transactions = []
        bytes = 0
    }

    /// A transaction begins in the stream.
    mutating func begin(_ xid: UInt32) {
        if recent.count == Self.memory { recent.removeFirst() }
        recent.append(xid)
    }

    /// The transaction that began last has changed a row.
    ///
    /// - Parameters:
    ///   - key: The row's.
    ///   - isComplete: Whether the stream has all of the row.
    mutating func note(_ key: RowKey, isComplete: Bool = true) {
        bytes += 64 + key.values.reduce(0) { $0 + $1.utf8.count + 16 }
        if bytes > limit { return restart() }
        openLast()
        guard !transactions.isEmpty else { return }
        transactions[transactions.count - 1].keys.append(key)
        if !isComplete { transactions[transactions.count - 1].incomplete.append(key) }
    }

    /// The transaction that began last has emptied the table.
    mutating func noteAll() {
        openLast()
        if !transactions.isEmpty { transactions[transactions.count - 1].isWhole = true }
    }

    /// The transaction that began last has changed a row, and it is not known which.
    mutating func noteUnknown() {
        openLast()
        if !transactions.isEmpty { transactions[transactions.count - 1].isUnknown = true }
    }

    private mutating func openLast() {
        guard let xid = recent.last, transactions.last?.xid != xid else { return }
        transactions.append(Transaction(xid: xid))
    }

    /// What is stale in a page with a snapshot, and forgets what the snapshot has seen.
    ///
    /// - Returns: `nil` if that cannot be told: then the page has to be read again.
    mutating func staleRows(for snapshot: TransactionSnapshot) -> StaleRows? {
        guard before.allSatisfy({ snapshot.sees($0) }) else { return nil }
        transactions.removeAll { snapshot.sees($0.xid) }
        guard !transactions.contains(where: \.isUnknown) else { return nil }
        bytes = 0
        var stale = StaleRows()
        for transaction in transactions {
            stale.areAll = stale.areAll || transaction.isWhole
            stale.keys.formUnion(transaction.keys)
            stale.incomplete.formUnion(transaction.incomplete)
            bytes += transaction.keys.reduce(0) { $0 + 64 + $1.values.reduce(0) { $0 + $1.utf8.count + 16 } }
        }
        return stale
    }
}

/// Rows that were changed after a page's snapshot and streamed before the page.
struct StaleRows: Sendable {
    var keys: Set<RowKey> = []
    /// Those whose large values the stream does not have.
    var incomplete: Set<RowKey> = []
    var areAll = false

    func contains(_ key: RowKey) -> Bool { areAll || keys.contains(key) }
}
