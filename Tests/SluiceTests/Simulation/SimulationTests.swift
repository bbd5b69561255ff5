import Foundation
import Synchronization
import Testing

@testable import Sluice

/// Random graphs under random schedules: `SLUICE_SEEDS` says how many and `SLUICE_FIRST_SEED` from which on;
/// `SLUICE_SEED` replays one.
///
/// The laws are those of GenStage's scenario X: nobody gets more than it asked for, nothing is lost or doubled, each
/// subscription is in order, and nothing waits while somebody wants it.
@Suite struct SimulationTests {
    static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SLUICE_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
        let first = environment["SLUICE_FIRST_SEED"].flatMap(UInt64.init) ?? 0
        return first..<first + (environment["SLUICE_SEEDS"].flatMap(UInt64.init) ?? 5000)
    }()

    @Test func everyRandomGraphDeliversEachEventOnceAndInOrderAndEnds() {
        var endings: Set<Simulation.Ending> = []
        var reports: Set<SimulationJournal.Report> = []
        for seed in Self.seeds {
            let verdict = Simulation(SimulationPlan(seed: seed)).run()
            endings.insert(verdict.ending)
            reports.formUnion(verdict.reports)
            if let problem = verdict.problem { Issue.record("SLUICE_SEED=\(seed): \(problem)") }
        }
        if Self.seeds.count >= 500 {
            #expect(endings.isSuperset(of: [.complete, .failed, .cancelled, .late]), "Some ending never occurs")
            #expect(reports == Set(SimulationJournal.Report.allCases), "Some consequence never occurs")
        }
    }

    /// A check that finds nothing proves nothing: so every kind of fault must be found, whenever it has had an occasion.
    @Test(arguments: FaultyDispatcher.Fault.allCases) func aPlantedFaultIsFound(_ fault: FaultyDispatcher.Fault) {
        var occasions = 0
        for seed in UInt64(0)..<150 {
            let occasion = FaultyDispatcher.Occasion()
            let plan = SimulationPlan(seed: seed, temper: .calm)
            let verdict = Simulation(plan, faulty: FaultyDispatcher(fault, occasion)).run()
            guard occasion.hasCome else { continue }
            occasions += 1
            #expect(verdict.problem != nil, "The fault of seed \(seed) was not found")
        }
        #expect(occasions >= 5)
    }

    /// Seeds under which a stage that was cancelled between two lives forgot what it was about to ask for.
    @Test(arguments: [5237, 6389] as [UInt64])
    func whatOnceFailedDoesNotFailAgain(seed: UInt64) {
        #expect(Simulation(SimulationPlan(seed: seed)).run().problem == nil)
    }

    @Test(arguments: [11, 42, 1234] as [UInt64]) func aSeedReplaysToTheLetter(seed: UInt64) {
        let plan = SimulationPlan(seed: seed)
        #expect(Simulation(plan).run() == Simulation(plan).run())
    }
}
