import SluiceTesting
import Testing

@testable import Sluice

@Suite struct WindowRuleTests {
    @Test func aWindowGrowsAndShrinksWhileEventsFlow() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 20_000) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(1), log: log) }
                let subscription = try await sink.subscribe(to: numbers, maxDemand: 2)
                stages.go()
                try await clock.sleep(for: .seconds(3))
                for window in [100, 1, 7, 40] {
                    try subscription.setDemand(max: window)
                    try await clock.sleep(for: .seconds(150))
                    let edge = try #require(stages.snapshot().edges.first)
                    let before = edge.outstanding + stages.snapshot().stages[1].waiting
                    #expect(before <= window, "A window of \(window)")
                }
            }
            #expect(log.all == Array(0..<20_000))
        }
    }

    @Test func anImpossibleWindowIsRefusedAndTheOldOneStays() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 20) }
                let sink = stages.start("sink") { SlowSink(clock: clock, time: .seconds(1), log: log) }
                let subscription = try await sink.subscribe(to: numbers, maxDemand: 2)
                let error = #expect(throws: StageError.self) { try subscription.setDemand(max: 5, min: 5) }
                #expect(error?.code == .badWindow && error?.message.contains("'sink'") == true)
            }
            #expect(log.all == Array(0..<20))
        }
    }
}
