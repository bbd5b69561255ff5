/// What `pg_logical_emit_message` wrote into the log.
package struct LogicalMessage: Hashable, Sendable {
    /// Comes inside its transaction; others come at once and outlive a rollback.
    package let isTransactional: Bool

    /// The message's own position.
    package let lsn: LSN

    /// Names the application that the message is for.
    package let prefix: String

    /// Where the content is in the decoded bytes.
    package let content: Range<Int>

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Message")
        try reader.expect(.message)
        isTransactional = try reader.read(UInt8.self, "flags") & 1 != 0
        lsn = LSN(rawValue: try reader.read(UInt64.self, "position"))
        prefix = try reader.readString("prefix")
        let count = try reader.readCount(Int32.self, "content's length")
        content = try reader.readBytes(count: count, "content")
        try reader.finish()
    }
}
