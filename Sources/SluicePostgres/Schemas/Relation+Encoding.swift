extension Relation {
    /// The description as the server sends it, its type byte first: what ``init(decoding:)`` reads.
    ///
    /// - Precondition: There are at most 32767 columns; the server has at most 1600.
    package var encoded: [UInt8] {
        var bytes = [PgOutput.Kind.relation.rawValue]
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        func append(text: String) {
            bytes += Array(text.utf8) + [0]
        }
        append(oid)
        append(text: schema)
        append(text: name)
        append(replicaIdentity)
        append(Int16(columns.count))
        for column in columns {
            append(UInt8(column.isIdentity ? 1 : 0))
            append(text: column.name)
            append(column.typeOID)
            append(column.typeModifier)
        }
        return bytes
    }
}
