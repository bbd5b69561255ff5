import Sluice

/// How a trial cuts events into messages.
struct Cut: Sendable {
    let maxDemand: Int
    let minDemand: Int
    /// The most events of one message.
    let message: Int

    static let one = Cut(maxDemand: 1, minDemand: 0, message: 1)

    /// Everything at once.
    static func whole(_ count: Int) -> Cut {
        Cut(maxDemand: count, minDemand: 0, message: count)
    }

    static func random(_ count: Int, _ seed: UInt64) -> Cut {
        var generator = SeededGenerator(seed: seed)
        let maxDemand = Int.random(in: 1...count, using: &generator)
        return Cut(
            maxDemand: maxDemand,
            minDemand: Int.random(in: 0..<maxDemand, using: &generator),
            message: Int.random(in: 1...count, using: &generator)
        )
    }
}

/// A source of some events in messages of a size, the last one perhaps smaller.
struct CutSource<Event: Sendable>: Producer {
    var events: ArraySlice<Event>
    let size: Int

    mutating func handleDemand(_ demand: Int) async throws -> [Event]? {
        guard !events.isEmpty else { return nil }
        defer { events = events.dropFirst(min(demand, size)) }
        return Array(events.prefix(min(demand, size)))
    }
}
