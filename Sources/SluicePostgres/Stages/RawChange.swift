/// What Begin says of a transaction.
public struct TransactionHeader: Hashable, Sendable {
    /// Where the commit record starts (Begin's `final_lsn`).
    public let commitLSN: LSN

    /// Microseconds since 2000-01-01 00:00 UTC, Postgres' own epoch.
    public let commitTime: Int64

    /// The transaction's id.
    public let xid: UInt32

    /// Makes a header.
    public init(commitLSN: LSN, commitTime: Int64, xid: UInt32) {
        self.commitLSN = commitLSN
        self.commitTime = commitTime
        self.xid = xid
    }
}

/// The undecoded bytes of many changes, shared by their events, and what is needed to read them.
public final class FrameBatch: Sendable {
    /// pgoutput messages (type byte first), back to back.
    public let bytes: [UInt8]

    /// The relations as they were when these messages were sent.
    public let relations: RelationTable

    /// The transactions that the messages belong to.
    public let transactions: [TransactionHeader]

    /// Which rows find their table changed, in the order of the rows; nearly always none.
    public let schemaChanges: [SchemaChange]

    /// Whether the rows were not written now but found: as new rows, they are told as read.
    public let isCopy: Bool

    /// Makes a batch.
    public init(
        bytes: [UInt8],
        relations: RelationTable,
        transactions: [TransactionHeader],
        schemaChanges: [SchemaChange] = [],
        isCopy: Bool = false
    ) {
        self.bytes = bytes
        self.relations = relations
        self.transactions = transactions
        self.schemaChanges = schemaChanges
        self.isCopy = isCopy
    }
}

/// One undecoded change (Insert, Update, Delete, Truncate) or one Commit, with its place in the stream.
public struct RawChange: Sendable {
    /// Dense: the next event of the slot has the next number.
    public let sequence: UInt64

    /// The change's index in its transaction; `Cursor.commitIndex` for a Commit, except behind rows of a copy that have no
    /// transaction of the server's.
    public let index: UInt64

    /// Where the bytes are.
    public let batch: FrameBatch

    /// Which of the batch's transactions this belongs to.
    public let transaction: Int32

    /// Where the message starts in the batch's bytes.
    public let offset: Int32

    /// How many bytes the message has; at least 1.
    public let length: Int32

    /// Bytes of the budget that this event holds.
    public let cost: Int32

    /// Makes an event.
    public init(
        sequence: UInt64,
        index: UInt64,
        batch: FrameBatch,
        transaction: Int32,
        offset: Int32,
        length: Int32,
        cost: Int32
    ) {
        self.sequence = sequence
        self.index = index
        self.batch = batch
        self.transaction = transaction
        self.offset = offset
        self.length = length
        self.cost = cost
    }

    /// The place of the change in the stream.
    public var cursor: Cursor {
        Cursor(commitLSN: batch.transactions[Int(transaction)].commitLSN, index: index)
    }
}
