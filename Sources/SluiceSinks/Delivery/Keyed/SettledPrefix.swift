import DequeModule
import SluicePostgres

/// Which changes are settled, and up to where all of them are: only that may be reported.
///
/// It holds one small entry for each change above the safe cursor, settled or not.
struct SettledPrefix: Sendable {
    private struct Entry {
        var cursor: Cursor
        var openMessages: Int32
        var cost: Int32
    }

    private var entries: Deque<Entry> = []
    /// The number of the first entry.
    private var first: UInt64 = 0

    /// The last change of the settled prefix; `nil` if there is none yet.
    private(set) var last: (sequence: UInt64, cursor: Cursor)?

    /// How many changes are above the settled prefix.
    var count: Int { entries.count }

    /// Takes in a change; its number is one above the last one's.
    ///
    /// - Returns: Bytes of the budget that it needs no longer.
    mutating func append(_ change: Change) -> Int {
        if entries.isEmpty { first = change.sequence }
        precondition(change.sequence == first + UInt64(entries.count), "Changes come in order, without holes")
        let messages = change.messageCount
        entries.append(
            Entry(cursor: change.lastCursor, openMessages: Int32(clamping: messages), cost: change.cost)
        )
        guard messages == 0 else { return 0 }
        advance()
        return Int(change.cost)
    }

    /// Notes that a message of a change is durable at the sink or among the dead letters.
    ///
    /// - Returns: Bytes of the budget that the change needs no longer: all, with its last message.
    mutating func settle(_ sequence: UInt64) -> Int {
        let index = Int(sequence - first)
        entries[index].openMessages -= 1
        guard entries[index].openMessages == 0 else { return 0 }
        let cost = Int(entries[index].cost)
        advance()
        return cost
    }

    private mutating func advance() {
        while let entry = entries.first, entry.openMessages == 0 {
            last = (first, entry.cursor)
            entries.removeFirst()
            first += 1
        }
    }
}
