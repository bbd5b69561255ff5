import Sluice
import Synchronization

/// A graph that carries so many events through windows of a size.
struct Shape: Sendable {
    let name: String
    /// How many allocations a batch may cost.
    let mostPerBatch: Double
    let run: @Sendable (_ window: Int, _ events: Int) async throws -> Arrival

    static let all = [
        Shape(name: "1 to 1", mostPerBatch: 3) { window, events in
            let arrival = Mailbox()
            try await withStages { stages in
                let same = stages.start { Same(end: events) }
                let counter = stages.start { Counter(arrival) }
                try await counter.subscribe(to: same, maxDemand: window)
            }
            return arrival.last
        },
        Shape(name: "broadcast to 4", mostPerBatch: 3) { window, events in
            let arrivals = (1...4).map { _ in Mailbox() }
            try await withStages { stages in
                let same = stages.start(dispatcher: BroadcastDispatcher()) { Same(end: events) }
                for arrival in arrivals {
                    let counter = stages.start { Counter(arrival) }
                    try await counter.subscribe(to: same, as: .init(), maxDemand: window)
                }
            }
            return arrivals.reduce(into: Arrival()) { $0.add($1.last) }
        },
        pipeline,
    ]
}

/// Emits the same arrays again and again, one for each size, so that the count is the engine's alone.
private struct Same: Producer {
    private var arrays: [Int: [Int]] = [:]
    private var left: Int

    init(end: Int) {
        left = end
    }

    mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
        guard left > 0 else { return nil }
        let count = min(demand, left)
        left -= count
        if let array = arrays[count] { return array }
        let array = [Int](repeating: 1, count: count)
        arrays[count] = array
        return array
    }
}

/// Counts what comes.
private struct Counter: Consumer {
    let arrival: Mailbox
    private var counted = Arrival()

    init(_ arrival: Mailbox) {
        self.arrival = arrival
    }

    mutating func handleEvents(_ events: [Int]) async throws {
        counted.add(Arrival(batches: 1, events: events.count))
        arrival.put(counted)
    }
}

/// What arrived.
struct Arrival: Sendable {
    var batches = 0
    var events = 0

    mutating func add(_ other: Arrival) {
        batches += other.batches
        events += other.events
    }
}

/// Where a consumer leaves what it counted.
final class Mailbox: Sendable {
    private let value = Mutex(Arrival())

    var last: Arrival { value.withLock { $0 } }

    func put(_ arrival: Arrival) { value.withLock { $0 = arrival } }
    func add(_ arrival: Arrival) { value.withLock { $0.add(arrival) } }
}
