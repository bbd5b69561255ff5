/// An event that the benchmarks carry: it has a number, which proves at the end that nothing was lost.
///
/// What is to be compared is the way of the events, not what is done to them. So the work is done on whole arrays, in
/// functions that are compiled for the event's type, and is the same for Sluice and for every peer.
protocol Payload: Sendable {
    init(number: Int)

    var number: Int { get set }

    /// Makes the events of a range.
    static func events(_ range: Range<Int>) -> [Self]

    /// Doubles each event's number.
    static func doubled(_ events: [Self]) -> [Self]

    /// Adds the numbers up.
    static func sum(_ events: [Self]) -> Int

    /// Puts each event into the part that its number's hash names.
    static func split(_ events: [Self], into count: Int) -> [[Self]]
}

// Plain loops over an array: `map` takes three times as long for the doubling.
extension Payload {
    static func events(_ range: Range<Int>) -> [Self] {
        var events = [Self](repeating: Self(number: range.lowerBound), count: range.count)
        for index in events.indices { events[index].number &+= index }
        return events
    }

    static func doubled(_ events: [Self]) -> [Self] {
        var events = events
        for index in events.indices { events[index].number &*= 2 }
        return events
    }

    static func sum(_ events: [Self]) -> Int {
        var sum = 0
        for event in events { sum &+= event.number }
        return sum
    }

    static func split(_ events: [Self], into count: Int) -> [[Self]] {
        var parts = [[Self]](repeating: [], count: count)
        for event in events { parts[partition(of: event.number, count: count)].append(event) }
        return parts
    }
}

/// A step of SplitMix64: what `PartitionDispatcher` takes for an `Int`.
private func partition(of number: Int, count: Int) -> Int {
    var hash = (0xcbf2_9ce4_8422_2325 ^ UInt64(truncatingIfNeeded: number)) &+ 0x9e37_79b9_7f4a_7c15
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((hash ^ hash >> 31) % UInt64(count))
}

extension Int: Payload {
    init(number: Int) { self = number }

    var number: Int {
        get { self }
        set { self = newValue }
    }
}
