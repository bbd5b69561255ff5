/// Where a transaction was first committed: at most one, right behind Begin.
package struct Origin: Hashable, Sendable {
    /// The position of the commit on the server that it came from.
    package let commitLSN: LSN

    /// The origin's name.
    package let name: String

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Origin")
        try reader.expect(.origin)
        commitLSN = LSN(rawValue: try reader.read(UInt64.self, "commit position"))
        name = try reader.readString("name")
        try reader.finish()
    }
}
