import SluicePostgres

/// Partitions that the group wants back.
extension ConsumerLoop {
    /// Begins to give partitions back; what is in flight of them may still be handled.
    func beginRevoking(_ list: PartitionList, _ client: ConsumerClient) {
        let now = Instant.now
        assignment.beginLeaving(list.partitions)
        var drainEnd = now.advanced(by: settings.options.revokeTimeout)
        // What was in flight then has been dealt with, or never will be.
        if case .leaving = phase { drainEnd = now }
        let departure = Departure(drainEnd: drainEnd)
        revocation = Revocation(list: list, firstCommit: lastCommit + 1, departure: departure)
    }

    /// - Returns: In how many milliseconds there may be something to do.
    func serveRevocation(_ now: Instant) -> Int64 {
        guard let client, var current = revocation else { return .max }
        let step = current.departure.step(
            at: now,
            inFlight: assignment.inFlight(leavingOnly: true),
            hasCommits: !assignment.commits(leavingOnly: true).isEmpty,
            isBusy: isCommitting,
            isLost: client.isAssignmentLost
        )
        revocation = current
        switch step {
        case .wait(let time): return now.milliseconds(until: time)
        case .commit:
            commit()
            return 0
        case .leave:
            let partitions = current.list.partitions
            let givenUp = assignment.remove(partitions)
            client.unassign(current.list)
            revocation = nil
            report(.revoked(partitions, givenUp: givenUp))
            return 0
        }
    }
}
