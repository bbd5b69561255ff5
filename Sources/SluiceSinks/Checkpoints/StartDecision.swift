package import SluicePostgres

/// What is known when a slot is about to be read.
package struct StartFacts: Sendable {
    /// What the state file holds.
    package var remembered: RememberedState

    /// The server as it is now.
    package var source: SourceIdentity

    /// The sink's identity.
    package var sink: String

    /// What the sink found.
    package var opening: SinkOpening

    /// The slot's `confirmed_flush_lsn`.
    package var confirmedFlush: LSN

    /// Where the server's log ends.
    package var logEnd: LSN

    /// The ends of the server's earlier timelines; `nil` if nothing was known of an earlier one.
    package var history: TimelineHistory?

    /// The options that change the numbering of changes in a transaction, as text.
    package var fingerprint: String

    /// The user allows that the transaction in which the sink stands is delivered anew.
    package var resumeFromTransactionStart: Bool

    /// Collects the facts.
    package init(
        remembered: RememberedState,
        source: SourceIdentity,
        sink: String,
        opening: SinkOpening,
        confirmedFlush: LSN,
        logEnd: LSN = LSN(rawValue: .max),
        history: TimelineHistory? = nil,
        fingerprint: String,
        resumeFromTransactionStart: Bool = false
    ) {
        self.remembered = remembered
        self.source = source
        self.sink = sink
        self.opening = opening
        self.confirmedFlush = confirmedFlush
        self.logEnd = logEnd
        self.history = history
        self.fingerprint = fingerprint
        self.resumeFromTransactionStart = resumeFromTransactionStart
    }
}

/// Where to start, so that nothing is lost and nothing comes twice.
package struct StartDecision: Hashable, Sendable {
    /// The source discards what is at or below; `nil`: nothing.
    package var after: Cursor?

    /// The sink has to be rewound to this cursor before the first delivery; `nil`: it has not.
    package var rewind: Cursor?

    /// The server may forget what is below, and is to send what is above.
    package var position: LSN

    /// Sentences for the user.
    package var notices: [String]

    /// Decides.
    ///
    /// - Parameter facts: What is known.
    /// - Throws: ``SluicePostgres/ReplicationError`` with the code `gap` or `stateMismatch` if starting would lose or
    ///   repeat something, with what happened and what to do.
    package init(_ facts: StartFacts) throws(ReplicationError) {
        let cursor = facts.opening.position.cursor
        after = facts.opening.mayEndInsideChange ? cursor?.beforeChange : cursor
        rewind = nil
        position = max(facts.confirmedFlush, facts.remembered.checkpoint?.reported ?? .zero)
        notices = facts.opening.notices
        guard let checkpoint = facts.remembered.checkpoint else {
            notices.append(try Self.firstStart(facts))
            return
        }
        try Self.checkTimeline(facts, checkpoint)
        if facts.source.timeline > checkpoint.source.timeline {
            notices.append(
                "The server moved from timeline \(checkpoint.source.timeline) to \(facts.source.timeline), as after a "
                    + "failover."
            )
            // What was reported beyond that held no change, and will be another log now.
            if let end = try Self.checkFork(facts, checkpoint) {
                position = max(facts.confirmedFlush, min(position, end))
            }
        } else {
            try Self.checkLogEnd(facts, checkpoint)
        }
        try Self.checkSink(facts, checkpoint)
        try Self.checkGap(facts, checkpoint)
        guard let cursor, cursor.index != Cursor.commitIndex, cursor.commitLSN >= checkpoint.reported,
            facts.fingerprint != checkpoint.fingerprint
        else { return }
        guard facts.resumeFromTransactionStart else { throw Self.otherNumbering(facts, checkpoint, cursor) }
        rewind = cursor.beforeTransaction
        after = rewind
        notices.append(
            "Delivering the transaction at \(cursor.commitLSN) to \(facts.sink) anew from its first change."
        )
    }
}
