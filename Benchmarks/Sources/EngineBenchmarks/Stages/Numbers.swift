import Sluice

/// Emits events with the numbers from 0 up to an end, always as many as are asked for.
struct Numbers<Event: Payload>: Producer {
    var next = 0
    let end: Int

    mutating func handleDemand(_ demand: Int) async throws -> [Event]? {
        guard next < end else { return nil }
        let upper = min(end, next + demand)
        defer { next = upper }
        return Event.events(next..<upper)
    }
}
