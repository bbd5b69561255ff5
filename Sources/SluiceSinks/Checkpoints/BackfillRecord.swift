package import SluicePostgres

/// What the state file holds of the copy of one table to one sink.
package struct BackfillRecord: Hashable, Sendable {
    /// What becomes of a copy.
    package enum Status: String, Hashable, Sendable {
        /// It goes on, or will when its turn comes.
        case copying
        /// A user holds it.
        case paused
        /// A user does not want it any more.
        case cancelled
        /// The table cannot be copied.
        case refused
        /// Every row that the table had is in the sink.
        case done
    }

    /// The slot's name.
    package var slot: String

    /// The sink's identity.
    package var sink: String

    /// The table's oid.
    package var oid: UInt32

    /// The table's schema.
    package var schema: String

    /// The table's name.
    package var table: String

    /// What becomes of it.
    package var status: Status

    /// Why it is refused.
    package var reason: String?

    /// Rows up to it are in the sink; `nil`: none.
    package var lastKey: RowKey?

    /// How many rows were copied.
    package var rows: Int

    /// Schema and name, for people.
    package var title: String { "\(schema).\(table)" }
}
