package import SluicePostgres

/// How far a sink is, and what it still takes: nothing twice, nothing out of order.
package struct DeliveryProgress: Hashable, Sendable {
    /// What the sink already had when it was opened: only up to here may a source repeat itself.
    private let replayed: Cursor?

    /// The last message, filtered row or commit that the sink has.
    package private(set) var cursor: Cursor?

    /// Starts at what the sink had when it was opened.
    package init(at cursor: Cursor?) {
        self.replayed = cursor
        self.cursor = cursor
    }

    /// Moves past a change.
    ///
    /// - Returns: The number of the first message that the sink does not have; `nil` if it has them all.
    /// - Throws: ``SinkError`` if the change does not come after the one before.
    package mutating func take(_ change: Change) throws(SinkError) -> Int? {
        let last = change.lastCursor
        guard let cursor, change.firstCursor <= cursor else {
            self.cursor = last
            return 0
        }
        guard cursor == replayed else {
            throw SinkError(
                .outOfOrder,
                "The change at \(change.cursor) came after the one at \(cursor). This is a defect of Sluice; "
                    + "nothing of this batch was kept."
            )
        }
        if last <= cursor { return nil }
        self.cursor = last
        return change.firstMessage(above: cursor)
    }
}
