import Foundation

/// One shape, measured: Sluice and its peers by turns.
struct Measurement: Sendable {
    /// The rate of one of them, in millions of events per second: the median of all rounds.
    struct Rate: Sendable {
        let name: String
        let millions: Double
    }

    let shape: Shape
    let batch: Int
    let sluice: Double
    let peers: [Rate]

    /// Measures each `rounds` times, for about so many `seconds` at a time.
    init(_ shape: Shape, rounds: Int, seconds: Double) async throws {
        // The first run warms up, and tells how large Sluice's batches are on their way: so large are the peers'.
        let batch = try await shape.sluice(10_000).meanBatch
        let runs =
            [Run(shape) { try await shape.sluice($0).sum }]
            + shape.peers.map { peer in
                Run(shape) { try await peer.run(Load(events: $0, batch: batch)) }
            }
        var events: [Int] = []
        for run in runs { events.append(try await run.events(for: seconds)) }
        var rates = [[Double]](repeating: [], count: runs.count)
        for _ in 0..<rounds {
            for (index, run) in runs.enumerated() {
                rates[index].append(Double(events[index]) / (try await run.seconds(for: events[index])) / 1e6)
            }
        }
        let medians = rates.map { $0.sorted()[rounds / 2] }
        self.shape = shape
        self.batch = batch
        sluice = medians[0]
        peers = zip(shape.peers, medians.dropFirst()).map { Rate(name: $0.name, millions: $1) }
    }
}

/// A way to do a shape's job that can be timed.
private struct Run: Sendable {
    /// More events than this take too much memory where nobody waits.
    private static let most = 20_000_000

    let shape: Shape
    let work: @Sendable (_ events: Int) async throws -> Int

    init(_ shape: Shape, _ work: @escaping @Sendable (_ events: Int) async throws -> Int) {
        self.shape = shape
        self.work = work
    }

    /// Concurrent, because what begins on the main thread would hop between it and the others at every call.
    @concurrent
    func seconds(for events: Int) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let sum = try await work(events)
        let seconds = (clock.now - start) / .seconds(1)
        let expected = shape.expectedSum(events)
        guard sum == expected else { throw WrongSum(shape: shape.name, sum: sum, expected: expected) }
        return seconds
    }

    /// How many events keep it busy for about so long.
    func events(for seconds: Double) async throws -> Int {
        var events = 10_000
        while true {
            let taken = try await self.seconds(for: events)
            guard taken < seconds / 5, events < Self.most else {
                return min(Self.most, max(1000, Int(Double(events) * seconds / taken)))
            }
            events *= 4
        }
    }
}

/// A run lost or invented events: its time means nothing.
struct WrongSum: Error {
    let shape: String
    let sum: Int
    let expected: Int
}
