import SluiceTesting
import Testing

@testable import Sluice

/// What a drain interrupts, delivers and reports.
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

    private func drained(_ reports: [GraphReport]) -> [DrainReport] {
        reports.compactMap { if case .drained(let report) = $0 { report } else { nil } }
    }

    @Test func aDrainThatComesToItsEndTellsHowLongItTook() throws {
        try underEachSchedule { clock in
            let reports = Log<GraphReport>()
            try await withStages(clock: clock, reporting: { reports.append([$0]) }) { stages in
                let source = stages.start { Counter(end: 5) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(3), log: Log<Int>()) }
                try await sink.subscribe(to: source)
                stages.go()
                await settle(clock)
                stages.drain(within: .seconds(60))
            }
            let report = try #require(drained(reports.all).first)
            #expect(report.remainders.isEmpty && report.duration == .seconds(3) - .milliseconds(1))
        }
    }

    @Test func aDrainThatIsTooLateTellsWhatWasLeftAndTheHooksGetIt() throws {
        try underEachSchedule { clock in
            let (log, lost, discarded, reports) = (Log<Int>(), Log<Int>(), Log<Int>(), Log<GraphReport>())
            let error = await #expect(throws: StageError.self) {
                try await withStages(clock: clock, reporting: { reports.append([$0]) }) { stages in
                    let options = EmissionOptions<Int>(discarded: { events, reason in
                        #expect(reason == .graphEnded)
                        discarded.append(events)
                    })
                    let source = stages.start("numbers", options: options) { OverfullSource() }
                    let sink = stages.start("slow", lost: { events, _ in lost.append(events) }) {
                        SlowSink(clock: clock, time: .seconds(60), log: log)
                    }
                    try await sink.subscribe(to: source, maxDemand: 4, minDemand: 2)
                    stages.go()
                    await settle(clock)
                    stages.drain(within: .seconds(5))
                }
            }
            let report = try #require(drained(reports.all).first)
            #expect(report.duration == .seconds(5))
            #expect(
                report.remainders == [
                    .init(stage: "numbers", activity: .ended, waiting: 0, undelivered: 6),
                    .init(stage: "slow", activity: .busy, waiting: 2, undelivered: 0),
                ]
            )
            #expect((error?.cause as? DrainReport)?.remainders == report.remainders)
            #expect("\(report)".contains("'slow' (busy, 2 waiting, 0 undelivered)"))
            #expect(log.all.isEmpty && lost.all == [0, 1, 2, 3] && discarded.all == [4, 5, 6, 7, 8, 9])
        }
    }

    /// Emits everything at its first call.
    struct OverfullSource: Producer {
        var isDone = false
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            defer { isDone = true }
            return isDone ? nil : Array(0..<10)
        }
    }
}
