import SluicePostgres

extension StartDecision {
    /// Nothing is remembered: either the first start ever, or the sink itself knows.
    static func firstStart(_ facts: StartFacts) throws(ReplicationError) -> String {
        guard let cursor = facts.opening.position.cursor else {
            return "\(facts.sink) gets \(facts.source) for the first time: starting at \(facts.confirmedFlush), from "
                + "where the slot has its changes."
        }
        if let other = facts.remembered.otherSources.first {
            throw ReplicationError(
                .stateMismatch,
                "\(facts.sink) holds the changes of \(other), and those of \(facts.source) cannot be put behind them: "
                    + "their positions have nothing to do with each other. Give another sink."
            )
        }
        return "The state knows nothing of \(facts.sink), so its own last change counts: going on behind \(cursor). "
            + "Whether the slot was moved on in the meantime cannot be told."
    }

    static func checkTimeline(_ facts: StartFacts, _ checkpoint: Checkpoint) throws(ReplicationError) {
        guard facts.source.timeline < checkpoint.source.timeline else { return }
        throw ReplicationError(
            .stateMismatch,
            "The server is on timeline \(facts.source.timeline), but changes of timeline "
                + "\(checkpoint.source.timeline) were delivered already: it is an old primary or was restored. Connect "
                + "to the current primary, or start with a new state folder and a new sink."
        )
    }

    /// After a promotion everything that was delivered must lie in the part of the log that both servers have.
    ///
    /// - Returns: Where that part ends, if the server has told.
    static func checkFork(_ facts: StartFacts, _ checkpoint: Checkpoint) throws(ReplicationError) -> LSN? {
        guard let history = facts.history else { return nil }
        let end = history.end(of: checkpoint.source.timeline)
        if let end, lastDelivered(facts, checkpoint).map({ $0 < end }) ?? true { return end }
        throw ReplicationError(
            .stateMismatch,
            "The server is on timeline \(facts.source.timeline), which \(end.map { "left timeline \(checkpoint.source.timeline) at \($0)" } ?? "does not come from timeline \(checkpoint.source.timeline)"), "
                + "but changes up to \(lastDelivered(facts, checkpoint)?.description ?? "the start") were delivered "
                + "that it does not have: it was restored, or promoted before it had them. \(startAnew)"
        )
    }

    /// A log that ends before what was delivered is not the log that it came from.
    static func checkLogEnd(_ facts: StartFacts, _ checkpoint: Checkpoint) throws(ReplicationError) {
        let known = max(checkpoint.reported, lastDelivered(facts, checkpoint) ?? .zero)
        guard facts.logEnd < known else { return }
        throw ReplicationError(
            .stateMismatch,
            "The server's log ends at \(facts.logEnd), but it was received up to \(known) before: the server was set "
                + "back to an older copy of its data, and what it writes now cannot be told from what was delivered. "
                + startAnew
        )
    }

    private static let startAnew =
        "Connect to the server that has them, or start with a new state folder and a new sink."

    private static func lastDelivered(_ facts: StartFacts, _ checkpoint: Checkpoint) -> LSN? {
        [facts.opening.position.cursor?.commitLSN, checkpoint.position.cursor?.commitLSN].compactMap(\.self).max()
    }

    /// The sink is saved before the state, so it can be ahead of it and never behind.
    static func checkSink(_ facts: StartFacts, _ checkpoint: Checkpoint) throws(ReplicationError) {
        guard let remembered = checkpoint.position.cursor else { return }
        let found = facts.opening.position.cursor
        if let found, found >= remembered { return }
        throw ReplicationError(
            .stateMismatch,
            "\(facts.sink) stands at \(found?.description ?? "the start"), but it was at \(remembered) before: it was "
                + "deleted or restored, and the slot will not send again what lies between. Put the sink back as it "
                + "was, or start with a new state folder to go on without those changes."
        )
    }

    static func checkGap(_ facts: StartFacts, _ checkpoint: Checkpoint) throws(ReplicationError) {
        guard facts.confirmedFlush > checkpoint.reported else { return }
        throw ReplicationError(
            .gap,
            "Slot \(facts.source.slot) was moved on to \(facts.confirmedFlush) by something else; here only what lies "
                + "below \(checkpoint.reported) is known to be delivered. What was committed in between will not be "
                + "sent again. Find out who else reads or advances the slot, or start with a new state folder to go on "
                + "without those changes."
        )
    }

    static func otherNumbering(_ facts: StartFacts, _ checkpoint: Checkpoint, _ cursor: Cursor) -> ReplicationError {
        ReplicationError(
            .stateMismatch,
            "\(facts.sink) stands inside a transaction, at \(cursor), and the options that number its changes are not "
                + "those it was begun with: they were \"\(checkpoint.fingerprint)\" and are "
                + "\"\(facts.fingerprint)\". Use the old options until that transaction is through, or give "
                + "--resume-from-transaction-start to have it delivered anew from its first change."
        )
    }
}

extension Cursor {
    /// A cursor behind every transaction that commits before a position, and below all that may come from there on.
    ///
    /// That are also the rows of a copy, which stand one byte below a position, where no commit record starts.
    static func below(_ position: LSN) -> Cursor {
        guard position.rawValue > 1 else { return Cursor(commitLSN: .zero, index: 0) }
        return Cursor(commitLSN: LSN(rawValue: position.rawValue - 2), index: Cursor.commitIndex, sub: .max)
    }

    /// The highest cursor below every message of this change.
    var beforeChange: Cursor {
        guard index > 0 else { return beforeTransaction }
        return Cursor(commitLSN: commitLSN, index: index - 1, sub: .max)
    }

    /// The highest cursor below every change of this transaction.
    var beforeTransaction: Cursor {
        guard commitLSN > .zero else { return Cursor(commitLSN: .zero, index: 0) }
        return Cursor(commitLSN: LSN(rawValue: commitLSN.rawValue - 1), index: Cursor.commitIndex, sub: .max)
    }
}
