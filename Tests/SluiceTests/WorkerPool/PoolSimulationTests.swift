import Foundation
import Testing

@testable import Sluice

/// Random pools under random schedules; `SLUICE_SEEDS` and `SLUICE_SEED` as in `SimulationTests`.
///
/// The laws: never more than the limit over all subscriptions; every event is done once or goes to the hook once; a key
/// keeps its order; each window is outstanding or in the pool, between any two jobs, so that a slot that becomes free is
/// asked for at once; nothing is left at the end.
@Suite struct PoolSimulationTests {
    @Test func everyRandomPoolKeepsTheLaws() {
        var endings: Set<PoolSimulation.Ending> = []
        for seed in SimulationTests.seeds {
            do {
                endings.insert(try PoolSimulation(seed: seed).run())
            } catch {
                Issue.record("SLUICE_SEED=\(seed): \(error)")
            }
        }
        if SimulationTests.seeds.count >= 500 {
            #expect(endings == [.complete, .drained, .cancelled, .failed], "Some ending never occurs")
        }
    }
}
