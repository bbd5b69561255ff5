/// The end of a streamed transaction, or of a part of it, that was rolled back, protocol version 2.
package struct StreamAbort: Hashable, Sendable {
    /// The id of the top-level transaction.
    package let xid: UInt32

    /// The id of the subtransaction that was rolled back; the top-level one's if all of it was.
    ///
    /// Each subtransaction inside it has a message of its own.
    package let subxid: UInt32

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Stream Abort")
        try reader.expect(.streamAbort)
        xid = try reader.read(UInt32.self, "transaction id")
        subxid = try reader.read(UInt32.self, "subtransaction id")
        try reader.finish()
    }

    /// Whether the whole transaction was rolled back.
    package var isWhole: Bool { xid == subxid }
}
