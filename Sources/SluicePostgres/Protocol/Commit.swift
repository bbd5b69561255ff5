/// The end of a transaction.
package struct Commit: Hashable, Sendable {
    /// Where the commit record starts, as Begin has said.
    package let commitLSN: LSN

    /// The position behind the commit record.
    package let endLSN: LSN

    /// Microseconds since 2000-01-01 00:00 UTC.
    package let commitTime: Int64

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Commit")
        try reader.expect(.commit)
        _ = try reader.read(UInt8.self, "flags")
        commitLSN = LSN(rawValue: try reader.read(UInt64.self, "commit position"))
        endLSN = LSN(rawValue: try reader.read(UInt64.self, "end position"))
        commitTime = try reader.read(Int64.self, "commit time")
        try reader.finish()
    }
}
