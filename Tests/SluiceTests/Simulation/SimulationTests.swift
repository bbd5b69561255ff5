import Foundation
import Testing

@testable import Sluice

/// Random graphs under random schedules: `SLUICE_SEEDS` says how many, `SLUICE_SEED` replays one.
@Suite struct SimulationTests {
    static let shards = 4

    static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SLUICE_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
        return 0..<(environment["SLUICE_SEEDS"].flatMap(UInt64.init) ?? 2000)
    }()

    @Test("Every random graph delivers each event once and in order, and ends", arguments: 0..<shards)
    func randomGraphs(shard: Int) {
        for seed in Self.seeds where Int(seed) % Self.shards == shard {
            if let problem = Simulation(SimulationPlan(seed: seed)).run() {
                Issue.record("SLUICE_SEED=\(seed): \(problem)")
            }
        }
    }
}
