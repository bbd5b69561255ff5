/// The messages of Postgres' own output plugin, protocol version 1.
package enum PgOutput {
    /// What a message is; the raw value is its first byte.
    package enum Kind: UInt8, Hashable, Sendable {
        /// The start of a transaction, see ``SluicePostgres/Begin``.
        case begin = 0x42
        /// The end of a transaction, see ``SluicePostgres/Commit``.
        case commit = 0x43
        /// Where a transaction came from, see ``SluicePostgres/Origin``.
        case origin = 0x4F
        /// A table's description, see ``SluicePostgres/Relation``.
        case relation = 0x52
        /// A type's name, see ``SluicePostgres/TypeName``.
        case type = 0x59
        /// A new row, see ``SluicePostgres/RowMessage``.
        case insert = 0x49
        /// A changed row, see ``SluicePostgres/RowMessage``.
        case update = 0x55
        /// A deleted row, see ``SluicePostgres/RowMessage``.
        case delete = 0x44
        /// Emptied tables, see ``SluicePostgres/Truncate``.
        case truncate = 0x54
        /// What `pg_logical_emit_message` wrote, see ``SluicePostgres/LogicalMessage``.
        case message = 0x4D

        /// Takes an index of the transaction: Insert, Update, Delete and Truncate.
        package var isChange: Bool {
            switch self {
            case .insert, .update, .delete, .truncate: true
            case .begin, .commit, .origin, .relation, .type, .message: false
            }
        }
    }

    /// Tells what a message is by its first byte.
    ///
    /// - Throws: If there are no bytes or the first one is unknown.
    @inline(__always)
    package static func kind(of bytes: UnsafeRawBufferPointer) throws(PgOutputError) -> Kind {
        guard let type = bytes.first, let kind = Kind(rawValue: type) else { throw unknownKind(of: bytes) }
        return kind
    }

    @inline(never)
    private static func unknownKind(of bytes: UnsafeRawBufferPointer) -> PgOutputError {
        guard let type = bytes.first else { return PgOutputError(.truncated, "pgoutput: the message is empty.") }
        return PgOutputError(.unknownMessage, "pgoutput: there is no message of type \(type) in version 1.")
    }
}

extension ByteReader {
    /// Reads a message's first byte and fails if it is another message's.
    @inline(__always)
    mutating func expect(_ kind: PgOutput.Kind) throws(PgOutputError) {
        guard try read(UInt8.self, "type") == kind.rawValue else {
            throw failure(.unknownMessage, "type", "is another message's")
        }
    }
}
