/// The messages of Postgres' own output plugin, protocol versions 1 and 2.
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
        /// Changes of an open transaction follow, see ``SluicePostgres/StreamStart``.
        case streamStart = 0x53
        /// The end of such a block; it has no fields.
        case streamStop = 0x45
        /// The end of a streamed transaction, see ``SluicePostgres/StreamCommit``.
        case streamCommit = 0x63
        /// A streamed transaction, or a part of it, was rolled back, see ``SluicePostgres/StreamAbort``.
        case streamAbort = 0x41

        /// Takes an index of the transaction: Insert, Update, Delete and Truncate.
        package var isChange: Bool {
            switch self {
            case .insert, .update, .delete, .truncate: true
            case .begin, .commit, .origin, .relation, .type, .message: false
            case .streamStart, .streamStop, .streamCommit, .streamAbort: false
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
        return PgOutputError(.unknownMessage, "pgoutput: there is no message of type \(type) in versions 1 and 2.")
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
