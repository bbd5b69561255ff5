import DequeModule

/// Knows which messages of a channel are not acknowledged, and decides with which frames they are.
///
/// Delivery tags ascend by one from 1 on. An acknowledgement with `multiple` is about every message up to its tag that is
/// still open; so it stands for those that are acknowledged together up to the first one that stays open. Pure.
struct DeliveryLedger {
    /// What is to be sent to the broker.
    enum Action: Equatable {
        case acknowledge(UInt64, multiple: Bool)
        case reject(UInt64, requeue: Bool)
    }

    private enum Entry {
        case open(isRedelivered: Bool)
        /// About to be acknowledged by the call under way.
        case leaving
        case settled
    }

    /// The first entry's tag.
    private var first: UInt64 = 1
    private var entries: Deque<Entry> = []

    /// How many messages are open.
    private(set) var count = 0

    /// Takes note of a message.
    ///
    /// - Returns: Whether its tag is the one that is due.
    mutating func deliver(_ tag: UInt64, isRedelivered: Bool) -> Bool {
        guard tag == first + UInt64(entries.count) else { return false }
        entries.append(.open(isRedelivered: isRedelivered))
        count += 1
        return true
    }

    /// Settles messages; a tag that is not open is passed over, since a broker closes the channel at a second answer.
    ///
    /// - Parameters:
    ///   - handled: Tags of messages that were handled to their end.
    ///   - failed: Tags of messages that were not.
    ///   - onFailure: What becomes of these.
    /// - Returns: What is to be sent, in this order.
    mutating func settle(
        handled: [UInt64],
        failed: [UInt64],
        onFailure: RabbitMQSource.Options.FailedMessage
    ) -> [Action] {
        var actions: [Action] = []
        var leaving = handled
        for tag in failed {
            switch onFailure {
            case .acknowledge: leaving.append(tag)
            case .reject: if settle(tag) != nil { actions.append(.reject(tag, requeue: false)) }
            case .requeue: if settle(tag) != nil { actions.append(.reject(tag, requeue: true)) }
            case .requeueOnce:
                if let isRedelivered = settle(tag) { actions.append(.reject(tag, requeue: !isRedelivered)) }
            }
        }
        return actions + acknowledge(leaving)
    }

    /// Gives back messages that nobody has seen.
    mutating func giveBack(_ tags: [UInt64]) -> [Action] {
        settle(handled: [], failed: tags, onFailure: .requeue)
    }

    private mutating func acknowledge(_ tags: [UInt64]) -> [Action] {
        var leaving: [UInt64] = []
        for tag in tags {
            guard settle(tag, as: .leaving) != nil else { continue }
            leaving.append(tag)
        }
        guard !leaving.isEmpty else { return [] }
        leaving.sort()
        var together = 0
        for entry in entries {
            if case .open = entry { break }
            if case .leaving = entry { together += 1 }
        }
        for tag in leaving { entries[Int(tag - first)] = .settled }
        forgetSettled()
        guard together > 1 else { return leaving.map { .acknowledge($0, multiple: false) } }
        return [.acknowledge(leaving[together - 1], multiple: true)]
            + leaving[together...].map { .acknowledge($0, multiple: false) }
    }

    /// - Returns: Whether the message had been delivered before; `nil` if it is not open.
    private mutating func settle(_ tag: UInt64, as entry: Entry = .settled) -> Bool? {
        guard tag >= first, tag - first < UInt64(entries.count) else { return nil }
        let index = Int(tag - first)
        guard case .open(let isRedelivered) = entries[index] else { return nil }
        entries[index] = entry
        count -= 1
        return isRedelivered
    }

    private mutating func forgetSettled() {
        while case .settled? = entries.first {
            entries.removeFirst()
            first += 1
        }
    }
}
