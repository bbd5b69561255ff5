import DequeModule
import SluiceSinks

/// Knows which publishes of a channel are not confirmed yet, and what becomes of each.
///
/// In confirm mode the broker counts publishes from 1 on, and confirms them one by one or all up to one. A message that
/// no queue takes comes back first, and is confirmed then. Pure.
struct PublisherConfirms {
    /// Which message of which request it is.
    struct Place: Hashable {
        var request: Int
        var index: Int
    }

    private struct Entry {
        var place: Place
        var messageID: String
        /// Why it came back.
        var reason: String?
    }

    /// The number of the first entry.
    private var first: UInt64 = 1
    /// `nil`: confirmed, behind one that is not.
    private var entries: Deque<Entry?> = []

    /// Takes note of the next publish.
    mutating func publish(_ place: Place, messageID: String) {
        entries.append(Entry(place: place, messageID: messageID))
    }

    /// A message came back; those of one identifier come back in the order in which they were published.
    mutating func comeBack(messageID: String, reason: String) {
        guard let index = entries.firstIndex(where: { $0?.messageID == messageID && $0?.reason == nil }) else { return }
        entries[index]?.reason = reason
    }

    /// The broker confirms.
    ///
    /// - Parameters:
    ///   - number: A publish.
    ///   - multiple: Whether it stands for all up to it.
    ///   - isTaken: Whether the broker has taken responsibility.
    /// - Returns: What became of messages, in the order of their publishes.
    mutating func confirm(_ number: UInt64, multiple: Bool, isTaken: Bool) -> [(place: Place, result: SendResult)] {
        let end = first + UInt64(entries.count)
        let numbers: Range<UInt64>
        switch number {
        // 0 with `multiple` stands for everything.
        case 0 where multiple: numbers = first..<end
        case first..<end: numbers = (multiple ? first : number)..<number + 1
        default: return []
        }
        var results: [(place: Place, result: SendResult)] = []
        for index in Int(numbers.lowerBound - first)..<Int(numbers.upperBound - first) {
            guard let entry = entries[index] else { continue }
            entries[index] = nil
            results.append((entry.place, Self.result(entry.reason, isTaken)))
        }
        while let entry = entries.first, entry == nil {
            entries.removeFirst()
            first += 1
        }
        return results
    }

    private static func result(_ reason: String?, _ isTaken: Bool) -> SendResult {
        if let reason { return .failed(reason: reason) }
        return isTaken ? .durable : .failed(reason: "the broker could not store it")
    }
}
