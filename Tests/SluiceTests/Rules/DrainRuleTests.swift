import SluiceTesting
import Testing

@testable import Sluice

/// ENGINE 8.
@Suite struct DrainRuleTests {
    @Test func aDrainInterruptsAWaitingSourceAndDeliversWhatItReturns() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { WaitingSource(clock: clock, answer: .lastEvents([7, 8])) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(1), log: log) }
                try await sink.subscribe(to: source)
                stages.go()
                await settle(clock)
                stages.drain()
            }
            #expect(log.all == [7, 8])
            #expect(clock.now.offset < .seconds(100))
        }
    }

    @Test func aCancellationErrorOfADrainedSourceIsItsEnd() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let source = stages.start { WaitingSource(clock: clock, answer: .rethrow) }
                let sink = stages.start { Collector(log: Log<Int>()) }
                try await sink.subscribe(to: source)
                stages.go()
                await settle(clock)
                stages.drain(within: .seconds(5))
            }
            #expect(clock.now.offset < .seconds(5))
        }
    }

    @Test func onlySourcesAreInterruptedByADrain() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { Counter(end: 5) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(3), log: log) }
                try await sink.subscribe(to: source)
                stages.go()
                await settle(clock)
                stages.drain()
            }
            #expect(log.all == [0, 1, 2, 3, 4])
        }
    }

    @Test func aDeadlineCancelsWhatIsLeftAndNamesIt() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            let error = await #expect(throws: StageError.self) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start("numbers") { Counter() }
                    let sink = stages.start("slow sink") {
                        SlowSink(clock: clock, time: .seconds(60), log: log)
                    }
                    try await sink.subscribe(to: source)
                    stages.go()
                    await settle(clock)
                    stages.drain(within: .seconds(5))
                }
            }
            #expect(error?.code == .drainDeadlineExceeded)
            #expect(error?.message.contains("'slow sink'") == true)
            #expect(error?.message.contains("'numbers'") == false)
            #expect(log.all.isEmpty)
        }
    }

    @Test func aSourceThatIgnoresItsInterruptionIsNamedAndWaitedFor() throws {
        try underEachSchedule { clock in
            let gate = Gate()
            let error = await #expect(throws: StageError.self) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start("deaf") {
                        WaitingSource(clock: clock, answer: .ignore(gate))
                    }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                    stages.go()
                    await settle(clock)
                    stages.drain(within: .seconds(5))
                    try? await clock.sleep(for: .seconds(30))
                    gate.open()
                }
            }
            #expect(error?.message.contains("'deaf'") == true)
            #expect(clock.now.offset >= .seconds(30))
        }
    }

    @Test func losingTheLastConsumerForGoodInterruptsASource() throws {
        try underEachSchedule { clock in
            let leaving = Log<Subscription>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { WaitingSource(clock: clock, answer: .rethrow) }
                let sink = stages.start { Collector(log: Log<Int>()) }
                leaving.append([try await sink.subscribe(to: source)])
                stages.go()
                await settle(clock)
                for subscription in leaving.all { subscription.cancel() }
            }
            #expect(clock.now.offset < .seconds(100))
        }
    }

    /// Nothing can be wired any more, so a stage without a neighbour has nothing to wait for, though the body goes on.
    @Test func aDrainEndsStagesWithoutNeighboursWhileTheBodyGoesOn() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                _ = stages.start { Collector(log: Log<Int>()) }
                let numbers = stages.start { Counter() }
                let lonely = stages.start { Multiplier(factor: 2) }
                try await lonely.subscribe(to: numbers)
                stages.go()
                await settle(clock)
                stages.drain(within: .seconds(1))
                try? await clock.sleep(for: .seconds(10))
            }
        }
    }
}
