/// The start of a block with changes of a transaction that is still open, protocol version 2.
///
/// Up to the next Stream Stop every message carries the id of the (sub)transaction that it belongs to.
package struct StreamStart: Hashable, Sendable {
    /// The id of the top-level transaction.
    package let xid: UInt32

    /// Whether this is the transaction's first block.
    package let isFirst: Bool

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Stream Start")
        try reader.expect(.streamStart)
        xid = try reader.read(UInt32.self, "transaction id")
        isFirst = try reader.read(UInt8.self, "first-block flag") != 0
        try reader.finish()
    }
}
