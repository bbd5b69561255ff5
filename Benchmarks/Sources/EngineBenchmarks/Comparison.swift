import Foundation

/// One shape, measured with both peers.
struct Comparison {
    static let rounds = 5

    /// The least ratio that Sluice is meant to reach.
    private static let floor = 3.0

    static let heading = "shape                   batch    Sluice  AsyncChannel   ratio   at least"

    let row: String

    init(_ shape: any Shape) async throws {
        // The first run warms both up, and tells how large Sluice's batches are on their way: so large are the peer's.
        let arrival = try await shape.runSluice()
        let batch = max(1, Int((Double(arrival.events) / Double(arrival.batches)).rounded()))
        _ = try await shape.runChannels(batch: batch)
        var sluice: [Double] = []
        var channels: [Double] = []
        for _ in 0..<Self.rounds {
            sluice.append(try await Self.rate(shape) { try await shape.runSluice().sum })
            channels.append(try await Self.rate(shape) { try await shape.runChannels(batch: batch) })
        }
        let ratio = Self.median(sluice) / Self.median(channels)
        row =
            shape.name.padding(toLength: 22, withPad: " ", startingAt: 0)
            + String(
                format: " %6d  %8.1f  %12.1f  %5.2fx  %5.2fx%@",
                batch,
                Self.median(sluice),
                Self.median(channels),
                ratio,
                Self.floor,
                ratio < Self.floor ? "  BELOW" : ""
            )
    }

    /// Millions of events per second.
    private static func rate(_ shape: any Shape, _ run: () async throws -> Int) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let sum = try await run()
        let seconds = (clock.now - start) / .seconds(1)
        guard sum == shape.expectedSum else { throw WrongSum(shape: shape.name, sum: sum, expected: shape.expectedSum) }
        return Double(shape.events) / seconds / 1e6
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }
}

/// A run lost or invented events: its time means nothing.
struct WrongSum: Error {
    let shape: String
    let sum: Int
    let expected: Int
}
