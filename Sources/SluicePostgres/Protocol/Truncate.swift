/// Tables that were emptied by one statement.
package struct Truncate: Hashable, Sendable {
    /// The tables, in the message's order; never empty.
    package let relationOIDs: [UInt32]

    /// Tables that refer to these were emptied too.
    package let isCascading: Bool

    /// Sequences of the tables were set back.
    package let restartsIdentity: Bool

    /// Reads a whole message, its type byte first.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: "Truncate")
        try reader.expect(.truncate)
        let count = try reader.readCount(Int32.self, "number of relations")
        let options = try reader.read(UInt8.self, "options")
        guard count > 0 else { throw reader.failure(.unknownValue, "number of relations", "is zero") }
        // A count is only believed as far as there are bytes for it.
        guard count <= reader.remaining / MemoryLayout<UInt32>.size else {
            throw reader.failure(.truncated, "list of relations", "is cut short")
        }
        var oids: [UInt32] = []
        oids.reserveCapacity(count)
        for _ in 0..<count { oids.append(try reader.read(UInt32.self, "relation")) }
        try reader.finish()
        relationOIDs = oids
        isCascading = options & 1 != 0
        restartsIdentity = options & 2 != 0
    }
}
