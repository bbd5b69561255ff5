/// The start of a transaction.
package struct Begin: Hashable, Sendable {
    /// What every change of the transaction refers to.
    package let header: TransactionHeader

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Begin")
        try reader.expect(.begin)
        let commitLSN = LSN(rawValue: try reader.read(UInt64.self, "commit position"))
        let commitTime = try reader.read(Int64.self, "commit time")
        let xid = try reader.read(UInt32.self, "transaction id")
        try reader.finish()
        header = TransactionHeader(commitLSN: commitLSN, commitTime: commitTime, xid: xid)
    }
}
