/// An Insert, Update or Delete: which relation, and where its tuples are in the bytes of the message.
///
/// Nothing is allocated or copied.
package struct RowMessage: Hashable, Sendable {
    /// What happened to the row.
    package enum Action: Hashable, Sendable {
        /// The row is new.
        case insert
        /// The row was changed.
        case update
        /// The row is gone.
        case delete
    }

    /// How much of the row before the change is told.
    package enum OldTuple: Hashable, Sendable {
        /// Nothing.
        case none
        /// The columns of the replica identity, `K`; every other column says NULL, which means nothing.
        case key(Tuple)
        /// The whole row, `O` (`REPLICA IDENTITY FULL`).
        case full(Tuple)

        /// The tuple, if there is one.
        package var tuple: Tuple? {
            switch self {
            case .none: nil
            case .key(let tuple), .full(let tuple): tuple
            }
        }
    }

    /// What happened to the row.
    package let action: Action

    /// The table's oid.
    package let relationOID: UInt32

    /// The row before the change; an Insert has none, a Delete always has one.
    package let old: OldTuple

    /// The row after the change; a Delete has none.
    package let new: Tuple?

    /// Reads a whole message, its type byte first, and checks that its tuples are whole.
    package init(decoding bytes: UnsafeRawBufferPointer) throws(PgOutputError) {
        switch try PgOutput.kind(of: bytes) {
        case .insert: try self.init(bytes, .insert, "Insert")
        case .update: try self.init(bytes, .update, "Update")
        case .delete: try self.init(bytes, .delete, "Delete")
        default: throw PgOutputError(.unknownMessage, "Row: the message is not an Insert, Update or Delete.")
        }
    }

    @inline(__always)
    private init(
        _ bytes: UnsafeRawBufferPointer,
        _ action: Action,
        _ message: StaticString
    ) throws(PgOutputError) {
        var reader = ByteReader(bytes, message: message)
        _ = try reader.read(UInt8.self, "type")
        self.action = action
        relationOID = try reader.read(UInt32.self, "relation")
        var tag = try reader.read(UInt8.self, "kind of tuple")
        if action != .insert, tag == UInt8(ascii: "K") || tag == UInt8(ascii: "O") {
            let tuple = try Tuple(reading: &reader)
            old = tag == UInt8(ascii: "K") ? .key(tuple) : .full(tuple)
            tag = action == .delete ? 0 : try reader.read(UInt8.self, "kind of tuple")
        } else {
            old = .none
        }
        if action != .delete, tag == UInt8(ascii: "N") {
            new = try Tuple(reading: &reader)
        } else if action == .delete, tag == 0, old != .none {
            new = nil
        } else {
            throw reader.failure(.unknownValue, "kind of tuple", "is not one of this message's")
        }
        try reader.finish()
    }

    /// Reads only the table's oid.
    @inline(__always)
    package static func relationOID(of bytes: UnsafeRawBufferPointer) throws(PgOutputError) -> UInt32 {
        var reader = ByteReader(bytes, message: "Row")
        _ = try reader.read(UInt8.self, "type")
        return try reader.read(UInt32.self, "relation")
    }
}
