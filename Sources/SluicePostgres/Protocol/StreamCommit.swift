/// The end of a transaction that was streamed while it was open, protocol version 2.
package struct StreamCommit: Hashable, Sendable {
    /// What every change of the transaction refers to.
    package let header: TransactionHeader

    /// The position behind the commit record.
    package let endLSN: LSN

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Stream Commit")
        try reader.expect(.streamCommit)
        let xid = try reader.read(UInt32.self, "transaction id")
        _ = try reader.read(UInt8.self, "flags")
        let commitLSN = LSN(rawValue: try reader.read(UInt64.self, "commit position"))
        endLSN = LSN(rawValue: try reader.read(UInt64.self, "end position"))
        let commitTime = try reader.read(Int64.self, "commit time")
        try reader.finish()
        header = TransactionHeader(commitLSN: commitLSN, commitTime: commitTime, xid: xid)
    }

    /// The Commit message that ends the same transaction when it is sent after its commit.
    package static func commit(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [PgOutput.Kind.commit.rawValue] + bytes.dropFirst(1 + MemoryLayout<UInt32>.size)
    }
}
