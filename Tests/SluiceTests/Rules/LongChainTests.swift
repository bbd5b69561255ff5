import SluiceTesting
import Testing

@testable import Sluice

@Suite struct LongChainTests {
    /// Every stage has one event more than its consumer asked for: so one ask at the end moves something in each of them,
    /// all on the thread of whoever asks.
    @Test(arguments: [300, 3000]) func anAskTravelsUpAChainOfAnyLength(length: Int) throws {
        let executor = DeterministicExecutor(seed: 3)
        let probe = ConsumerProbe<Int>()
        let clock = executor.clock
        try executor.run {
            _ = await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start { Counter() }
                    var last = stages.start("0") { DemandRuleTests.Doubler() }
                    try await last.subscribe(to: source, maxDemand: 1)
                    for index in 1..<length {
                        let next = stages.start("\(index)") { DemandRuleTests.Doubler() }
                        try await next.subscribe(to: last, maxDemand: 1)
                        last = next
                    }
                    let sink = stages.start { probe.stage() }
                    try await sink.subscribe(to: last)
                    stages.go()
                    for _ in 0..<3 {
                        probe.ask(1)
                        await settle(clock)
                    }
                    stages.cancel()
                }
            }
        }
        #expect(probe.events == [0, 0, 0])
    }
}
