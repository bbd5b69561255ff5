/// What rows of a relation need in their messages and is the same in each: prepared once, when the relation is made.
struct ColumnPlan: Sendable {
    /// One column's part.
    struct Entry: Sendable {
        /// Where `,"name":` is in ``ColumnPlan/keys``.
        let key: Range<Int>

        /// How the column's text becomes a value.
        let form: ValueForm

        /// Part of the replica identity.
        let isIdentity: Bool
    }

    /// `,"name":` of all columns, back to back.
    let keys: [UInt8]

    /// The columns, in the order of the tuples.
    let columns: [Entry]

    /// The start of the metadata: `"table_schema":"…","table_name":"…",`.
    let metadata: [UInt8]

    /// How many bytes each row's message has besides its values and what all messages have.
    var bytesBesideValues: Int { keys.count + 4 * columns.count + metadata.count }

    /// Prepares a relation.
    init(schema: String, name: String, columns: [Column]) {
        var keys = ByteWriter(capacity: columns.count * 16)
        var entries: [Entry] = []
        entries.reserveCapacity(columns.count)
        for column in columns {
            let start = keys.count
            keys.append(UInt8(ascii: ","))
            keys.appendString(column.name)
            keys.append(UInt8(ascii: ":"))
            entries.append(
                Entry(
                    key: start..<keys.count,
                    form: ValueForm(typeOID: column.typeOID),
                    isIdentity: column.isIdentity
                )
            )
        }
        self.keys = keys.bytes(in: 0..<keys.count)
        self.columns = entries
        var metadata = ByteWriter(capacity: 64)
        metadata.append("\"table_schema\":")
        metadata.appendString(schema)
        metadata.append(",\"table_name\":")
        metadata.appendString(name)
        metadata.append(UInt8(ascii: ","))
        self.metadata = metadata.bytes(in: 0..<metadata.count)
    }
}
