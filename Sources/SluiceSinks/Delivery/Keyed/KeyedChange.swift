import SluicePostgres

/// A change with its messages and what they wait for.
struct KeyedChange: Sendable {
    struct Part: Sendable {
        var message: OutgoingMessage
        var order: MessageOrder
        /// A hash of the table.
        var table: UInt64
    }

    var change: Change

    /// The first message; `nil` if there is none.
    var first: Part?

    /// The others: nearly always none.
    var others: [Part] = []
}
