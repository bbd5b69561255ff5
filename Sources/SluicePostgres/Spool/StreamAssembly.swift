/// Which streamed transactions are open, and what of them is still valid.
///
/// Pure: the changes themselves are elsewhere, in the order in which they came. It holds a few bytes for each open
/// transaction, each table that one has described and each subtransaction that was rolled back after it was streamed.
package struct StreamAssembly: Sendable {
    /// What a transaction leaves when it commits.
    package struct Committed: Equatable, Sendable {
        /// The subtransactions whose rows are to be left out.
        var aborted: Set<UInt32> = []

        /// When the tables that it described were last described, by oid.
        var described: [UInt32: UInt64] = [:]

        /// Whether a message of it takes part.
        ///
        /// A table's description does in any case: the server sends it once for the whole transaction, and again only
        /// after a change of the table, however the subtransaction ends in which it was needed first.
        func includes(_ kind: UInt8, of xid: UInt32) -> Bool {
            aborted.isEmpty || PgOutput.Kind(rawValue: kind)?.isChange != true || !aborted.contains(xid)
        }
    }

    /// A message where none like it may be.
    struct Disorder: Error, Equatable {
        /// What the server sent.
        let what: String
    }

    private var open: [UInt32: Committed] = [:]

    /// The transaction whose block is being received.
    private(set) var block: UInt32?

    /// Whether the block is the transaction's first.
    private(set) var isFirstBlock = false

    /// How many transactions are open.
    var count: Int { open.count }

    /// A block starts.
    mutating func start(_ message: StreamStart) throws(Disorder) {
        guard block == nil else { throw Disorder(what: "the start of a streamed block inside another") }
        guard (open[message.xid] == nil) == message.isFirst else {
            throw Disorder(
                what: message.isFirst
                    ? "the first block of a streamed transaction twice" : "a block of an unknown streamed transaction"
            )
        }
        if message.isFirst { open[message.xid] = Committed() }
        block = message.xid
        isFirstBlock = message.isFirst
    }

    /// The block ends.
    mutating func stop() throws(Disorder) {
        guard block != nil else { throw Disorder(what: "the end of a streamed block that did not start") }
        block = nil
    }

    /// A table is described in the block.
    ///
    /// - Parameters:
    ///   - oid: The table's oid.
    ///   - arrival: Ascends with every description in the session.
    mutating func describe(_ oid: UInt32, arrival: UInt64) {
        if let block { open[block]?.described[oid] = arrival }
    }

    /// A transaction, or a part of it, is rolled back.
    ///
    /// - Returns: Whether nothing of the transaction is left.
    mutating func abort(_ message: StreamAbort) throws(Disorder) -> Bool {
        guard block == nil else { throw Disorder(what: "a rollback inside a streamed block") }
        if message.isWhole {
            open[message.xid] = nil
        } else {
            open[message.xid]?.aborted.insert(message.subxid)
        }
        return message.isWhole
    }

    /// A transaction commits, and is not open any more.
    mutating func commit(_ xid: UInt32) throws(Disorder) -> Committed {
        guard block == nil else { throw Disorder(what: "the end of a transaction inside a streamed block") }
        guard let committed = open.removeValue(forKey: xid) else {
            throw Disorder(what: "the end of an unknown streamed transaction")
        }
        return committed
    }
}
