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

    /// Adds messages with what became of them, unless they were acknowledged before.
    @inlinable
    mutating func add<Body>(_ messages: [Message<Body>]) {
        messages.withUnsafeBufferPointer { buffer in
            // Through the pointer: where the type is not known, an array's element would be copied to look at it.
            guard let messages = buffer.baseAddress else { return }
            var start = 0
            while start < buffer.count {
                guard let ledger = messages[start].acknowledgement.ledger else {
                    start += 1
                    continue
                }
                // Mostly a source has emitted them together: then it is one lock for all of them.
                var end = start + 1
                while end < buffer.count, messages[end].acknowledgement.ledger === ledger { end += 1 }
                let group = place(of: ledger)
                ledger.withReceipts { receipts in
                    groups[group].outcome.successful.reserveCapacity(end - start)
                    for index in start..<end {
                        if let receipt = receipts[messages[index].acknowledgement.place].take() {
                            groups[group].outcome.add(receipt, messages[index].failure)
                        }
                    }
                }
                start = end
            }
        }
    }

    @usableFromInline
    mutating func place(of ledger: AcknowledgementLedger) -> Int {
        let found = groups.firstIndex { $0.acknowledger === ledger.acknowledger && $0.number == ledger.group }
        if let found { return found }
        groups.append(Group(acknowledger: ledger.acknowledger, number: ledger.group))
        return groups.count - 1
    }

    /// Tells everybody; what goes wrong with one does not keep the others from hearing.
    ///
    /// - Parameter report: Told of what an acknowledger throws, with how many messages it was about.
    @usableFromInline
    consuming func tell(_ report: (any Error, Int) -> Void) async {
        for group in groups where !group.outcome.isEmpty {
            do {
                try await group.acknowledger.acknowledge(group.outcome, of: group.number)
            } catch {
                report(error, group.outcome.count)
            }
        }
    }
}
