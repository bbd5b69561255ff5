/// The row of an insert, update or delete as the server sent it, kept beside its messages.
struct SentRow: Sendable {
    /// The event's.
    let sequence: UInt64

    /// The table, as the row has it.
    let table: Relation

    /// Where the row's message is, its type byte first.
    let range: Range<Int>

    /// Holds the message, and others.
    let bytes: [UInt8]

    init(sequence: UInt64, table: Relation, range: Range<Int>, bytes: [UInt8]) {
        self.sequence = sequence
        self.table = table
        self.range = range
        self.bytes = bytes
    }

    /// Takes the row of a change; `nil` if it has none, or one of an unknown table.
    init?(_ change: RawChange) {
        let range = Int(change.offset)..<Int(change.offset) + Int(change.length)
        let oid = change.batch.bytes.withUnsafeBytes { bytes in
            Self.relation(of: UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
        guard let oid, let table = change.batch.relations[oid] else { return nil }
        self.init(sequence: change.sequence, table: table, range: range, bytes: change.batch.bytes)
    }

    /// The table's oid stands behind the type byte.
    private static func relation(of message: UnsafeRawBufferPointer) -> UInt32? {
        var reader = ByteReader(message, message: "Row")
        guard let type = try? reader.read(UInt8.self, "type") else { return nil }
        switch PgOutput.Kind(rawValue: type) {
        case .insert, .update, .delete: return try? reader.read(UInt32.self, "relation")
        default: return nil
        }
    }
}
