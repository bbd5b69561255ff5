package import SluicePostgres

/// What the state file holds of a sink that is fed from a log.
package struct LogAttachment: Hashable, Sendable {
    /// The sink's identity.
    package var sink: String

    /// The sink gets what is above.
    package var after: Cursor

    /// Whether the log keeps nothing for it, because it was too far behind or a user said so.
    package var isDetached: Bool

    /// Whether the log has to keep rows for it, beside their messages.
    package var readsRows: Bool

    /// The sink's position in the state file; `nil` if there is none.
    package var cursor: Cursor?

    /// Makes an attachment.
    package init(sink: String, after: Cursor, isDetached: Bool = false, readsRows: Bool = false, cursor: Cursor? = nil)
    {
        self.sink = sink
        self.after = after
        self.isDetached = isDetached
        self.readsRows = readsRows
        self.cursor = cursor
    }

    /// The log keeps what is above: also the change of the cursor, of which an interrupted write may have left a part.
    package var hold: Cursor {
        guard let cursor else { return after }
        return max(after, cursor.index == Cursor.commitIndex ? cursor : cursor.beforeChange)
    }
}

/// Where a sink's reading of a log begins, so that nothing is lost between the two.
///
/// Pure.
package struct AttachDecision: Hashable, Sendable {
    /// What is known when a sink is about to be fed.
    package struct Facts: Sendable {
        /// The sink's identity.
        package var sink: String
        /// Behind which change the log begins.
        package var floor: Cursor
        /// Behind which change the log has what the sink reads only there: rows; `nil`: it reads messages alone.
        package var rowsFloor: Cursor?
        /// The last change in the log.
        package var last: Cursor
        /// What the state file holds of the sink.
        package var checkpoint: Checkpoint?
        /// What the sink found.
        package var opening: SinkOpening
        /// Whether the sink tells what it has from what it lacks of one change.
        package var isOrdered: Bool

        /// Collects the facts.
        package init(
            sink: String,
            floor: Cursor,
            rowsFloor: Cursor? = nil,
            last: Cursor,
            checkpoint: Checkpoint?,
            opening: SinkOpening,
            isOrdered: Bool
        ) {
            self.sink = sink
            self.floor = floor
            self.rowsFloor = rowsFloor
            self.last = last
            self.checkpoint = checkpoint
            self.opening = opening
            self.isOrdered = isOrdered
        }
    }

    /// The sink is to get what is above.
    package var after: Cursor

    /// Sentences for the user.
    package var notices: [String]

    /// Decides for a sink that the log has kept nothing for yet.
    ///
    /// - Parameters:
    ///   - facts: What is known.
    ///   - goingOnFromHere: The user allows that what the sink lacks is left out.
    /// - Throws: ``SluicePostgres/ReplicationError`` if the log does not begin early enough, or if the sink lacks what it
    ///   had.
    package init(attaching facts: Facts, goingOnFromHere: Bool = false) throws(ReplicationError) {
        if !goingOnFromHere { try Self.checkSink(facts) }
        notices = []
        let reported = facts.checkpoint.map { Cursor.below($0.reported) }
        guard !goingOnFromHere, let has = [facts.opening.position.cursor, reported].compactMap(\.self).max() else {
            after = facts.last
            notices.append("\(facts.sink) gets what comes into the log from now on, behind \(after).")
            return
        }
        guard has.change >= facts.floor.change else {
            throw ReplicationError(
                .gap,
                "\(facts.sink) stands at \(has), but the log begins behind \(facts.floor), and the server will not send "
                    + "again what lies between. Give --readmit \(facts.sink) to go on without those changes."
            )
        }
        if let rowsFloor = facts.rowsFloor, has.change < rowsFloor.change {
            throw ReplicationError(
                .gap,
                "\(facts.sink) stands at \(has) and takes rows, but the log has kept rows only behind \(rowsFloor): before, "
                    + "no sink was named that takes them. Give --readmit \(facts.sink) to go on without those changes."
            )
        }
        after = Self.start(facts, above: has)
    }

    /// Decides for a sink that the log has kept everything for.
    ///
    /// - Parameters:
    ///   - facts: What is known.
    ///   - attachment: What the log has kept for it.
    /// - Throws: ``SluicePostgres/ReplicationError`` if the sink lacks what it had.
    package init(resuming facts: Facts, _ attachment: LogAttachment) throws(ReplicationError) {
        try Self.checkSink(facts)
        notices = []
        after = max(attachment.after, Self.start(facts, above: facts.opening.position.cursor ?? attachment.after))
    }

    /// An interrupted write may have left a part of the last change.
    private static func start(_ facts: Facts, above cursor: Cursor) -> Cursor {
        guard facts.isOrdered, cursor == facts.opening.position.cursor, cursor.index != Cursor.commitIndex else {
            return cursor
        }
        return cursor.beforeChange
    }

    private static func checkSink(_ facts: Facts) throws(ReplicationError) {
        guard let remembered = facts.checkpoint?.position.cursor else { return }
        let found = facts.opening.position.cursor
        if let found, found >= remembered { return }
        throw ReplicationError(
            .stateMismatch,
            "\(facts.sink) stands at \(found?.description ?? "the start"), but it was at \(remembered) before: it was "
                + "deleted or restored, and what lies between is not kept for it. Put the sink back as it was, or give "
                + "another sink."
        )
    }
}
