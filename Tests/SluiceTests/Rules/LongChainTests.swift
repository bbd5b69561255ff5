import SluiceTesting
import Testing

@testable import Sluice

@Suite struct LongChainTests {
    /// Each event becomes two as long as they are few, so that every stage has more than its consumer wants: then one
    /// ask at the end moves something in each of them.
    struct Swell: ProducerConsumer {
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            events.flatMap { $0 > 0 ? [$0 - 1, 0] : [$0] }
        }
    }

    @Test(arguments: [300, 1000]) func anAskTravelsUpAChainOfAnyLength(length: Int) throws {
        let executor = DeterministicExecutor(seed: 3)
        let probe = ConsumerProbe<Int>()
        try executor.run {
            try await withStages { stages in
                let source = stages.start { Counter(end: 2) }
                var last = stages.start("0") { Swell() }
                try await last.subscribe(to: source, maxDemand: 1)
                for index in 1..<length {
                    let next = stages.start("\(index)") { Swell() }
                    try await next.subscribe(to: last, maxDemand: 1)
                    last = next
                }
                let sink = stages.start { probe.stage() }
                try await sink.subscribe(to: last)
                stages.go()
                for _ in 0..<10 {
                    probe.ask(1)
                    await settle(executor.clock)
                }
            }
        }
        #expect(probe.events == [0, 0, 0])
    }
}
