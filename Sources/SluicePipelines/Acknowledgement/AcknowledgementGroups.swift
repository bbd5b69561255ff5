/// Messages that are finished with, by whom to tell.
@usableFromInline
struct AcknowledgementGroups {
    @usableFromInline
    struct Group {
        @usableFromInline var acknowledger: any Acknowledger
        @usableFromInline var number: Int
        @usableFromInline var outcome = AcknowledgedMessages()

        @usableFromInline
        init(acknowledger: any Acknowledger, number: Int) {
            self.acknowledger = acknowledger
            self.number = number
        }
    }

    @usableFromInline var groups: [Group] = []

    @usableFromInline
    init() {}

    /// Adds a message, unless it was acknowledged before.
    @usableFromInline
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
    @usableFromInline
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
