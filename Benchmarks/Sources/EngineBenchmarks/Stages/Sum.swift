import Sluice
import Synchronization

/// Adds the numbers of events up.
struct Sum<Event: Payload>: Consumer {
    let arrival: Mailbox
    private var counted = Arrival()

    init(_ arrival: Mailbox) {
        self.arrival = arrival
    }

    mutating func handleEvents(_ events: [Event]) async throws {
        counted.add(Event.sum(events), of: events.count)
        arrival.put(counted)
    }
}

/// What a consumer counted.
struct Arrival: Sendable {
    private(set) var sum = 0
    private(set) var events = 0
    private(set) var batches = 0

    /// How many events a batch had, on the average.
    var meanBatch: Int { max(1, Int((Double(events) / Double(max(1, batches))).rounded())) }

    mutating func add(_ sum: Int, of events: Int) {
        self.sum &+= sum
        self.events += events
        batches += 1
    }

    static func + (one: Arrival, other: Arrival) -> Arrival {
        var both = one
        both.sum &+= other.sum
        both.events += other.events
        both.batches += other.batches
        return both
    }
}

/// Where a consumer leaves what it counted.
final class Mailbox: Sendable {
    private let value = Mutex(Arrival())

    var last: Arrival { value.withLock { $0 } }

    func put(_ arrival: Arrival) { value.withLock { $0 = arrival } }
}
