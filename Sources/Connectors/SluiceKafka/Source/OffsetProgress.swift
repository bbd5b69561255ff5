import DequeModule

/// Which offsets of a partition are being handled, and up to where all are dealt with.
///
/// Pure. Offsets ascend and may have gaps: compaction and transactions leave them. They are acknowledged in any order.
struct OffsetProgress {
    private enum State {
        case inFlight
        case settled
        /// It has failed, and is to be read again some time: nothing behind it may be committed.
        case stuck
    }

    private struct Entry {
        let offset: Int64
        var state: State
    }

    /// In order; the first one is not settled.
    private var entries: Deque<Entry> = []

    /// How many messages are being handled.
    private(set) var inFlight = 0

    /// What may be committed: the offset behind the last message before which all are settled; `nil` if there is none.
    private(set) var committable: Int64?

    /// The last offset that was emitted.
    private(set) var last: Int64?

    /// A message is handed over; its offset is above the last one.
    mutating func emit(_ offset: Int64) {
        entries.append(Entry(offset: offset, state: .inFlight))
        inFlight += 1
        last = offset
    }

    /// A message was not handed over after all, and will not be: neither it nor those behind it may be committed.
    mutating func withdraw(_ offset: Int64) {
        guard change(offset, to: .stuck) else { return }
        inFlight -= 1
    }

    /// A message has been dealt with.
    ///
    /// - Returns: Whether it was in flight.
    @discardableResult
    mutating func settle(_ offset: Int64) -> Bool {
        guard change(offset, to: .settled) else { return false }
        inFlight -= 1
        while let entry = entries.first, entry.state == .settled {
            committable = entry.offset + 1
            entries.removeFirst()
        }
        return true
    }

    /// A message has failed, and is to be read again some time.
    ///
    /// - Returns: Whether it was in flight.
    @discardableResult
    mutating func stop(at offset: Int64) -> Bool {
        guard change(offset, to: .stuck) else { return false }
        inFlight -= 1
        return true
    }

    private mutating func change(_ offset: Int64, to state: State) -> Bool {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].offset == offset, entries[low].state == .inFlight else { return false }
        entries[low].state = state
        return true
    }
}
