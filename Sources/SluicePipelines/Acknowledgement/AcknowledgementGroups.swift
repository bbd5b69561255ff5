/// Messages that are finished with, by whom to tell.
struct AcknowledgementGroups {
    private struct Group {
        var acknowledger: any Acknowledger
        var number: Int
        var outcome = AcknowledgedMessages()
    }

    private var groups: [Group] = []

    /// Adds a message, unless it was acknowledged before.
    mutating func add(_ origin: MessageOrigin, _ failure: MessageFailure?) {
        guard let entry = origin.take(), let acknowledger = entry.acknowledger else { return }
        // Nearly always there is one group.
        let place =
            groups.firstIndex { $0.acknowledger === acknowledger && $0.number == entry.group }
            ?? {
                groups.append(Group(acknowledger: acknowledger, number: entry.group))
                return groups.count - 1
            }()
        groups[place].outcome.add(entry.receipt, failure)
    }

    /// Tells everybody; what goes wrong with one does not keep the others from hearing.
    ///
    /// - Parameter report: Told of what an acknowledger throws, with how many messages it was about.
    consuming func tell(_ report: (any Error, Int) -> Void) async {
        for group in groups {
            do {
                try await group.acknowledger.acknowledge(group.outcome, of: group.number)
            } catch {
                report(error, group.outcome.successful.count + group.outcome.failed.count)
            }
        }
    }
}
