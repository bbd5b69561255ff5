import SluiceTesting
import Testing

@testable import Sluice

/// On the test clock only waits take time, so every duration is exact.
@Suite struct StageTimesTests {
    /// A source that takes its time for each event.
    private struct SlowSource: Producer {
        let clock: TestClock
        let time: Duration
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            try await clock.sleep(for: time)
            return [0]
        }
    }

    private func times(of stages: Stages) -> [StageTimes?] { stages.snapshot().stages.map(\.times) }

    @Test func aSlowConsumerLetsItsProducerWaitForDemandForExactlySoLong() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock, measuring: true) { stages in
                let numbers = stages.start { Counter(end: 8) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(10), log: Log()) }
                try await sink.subscribe(to: numbers, maxDemand: 4, minDemand: 2)
                stages.go()
                try await clock.sleep(for: .seconds(25))
                #expect(times(of: stages)[0] == StageTimes(waitingForDemand: .seconds(25)))
                #expect(times(of: stages)[1] == StageTimes(busy: .seconds(25)))
                try await clock.sleep(for: .seconds(75))
                // The source has learned at 30 s that it has no more; the sink has had four chunks.
                #expect(times(of: stages)[0] == StageTimes(waitingForDemand: .seconds(30)))
                #expect(times(of: stages)[1] == StageTimes(busy: .seconds(40)))
            }
        }
    }

    @Test func aStageBetweenWaitsForDemandAlsoWhenItsAskIsHeldBack() throws {
        try untilCancelled { clock in
            try await withStages(clock: clock, measuring: true) { stages in
                let numbers = stages.start { Counter() }
                let passer = stages.start { Multiplier(factor: 1) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(10), log: Log()) }
                // One chunk is all that the stage between ever has; it asks for more when the sink has taken it.
                try await passer.subscribe(to: numbers, maxDemand: 4, minDemand: 0)
                try await sink.subscribe(to: passer, maxDemand: 2, minDemand: 0)
                stages.go()
                try await clock.sleep(for: .seconds(45))
                #expect(times(of: stages)[1] == StageTimes(waitingForDemand: .seconds(45)))
                #expect(stages.snapshot().stages[1].activity == .waitingForDemand)
                stages.cancel()
            }
        }
    }

    @Test func aSlowSourceIsBusyAndLetsTheOthersWaitForEvents() throws {
        try untilCancelled { clock in
            try await withStages(clock: clock, measuring: true) { stages in
                let numbers = stages.start("source") { SlowSource(clock: clock, time: .seconds(3)) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(1), log: Log()) }
                try await sink.subscribe(to: numbers)
                stages.go()
                try await clock.sleep(for: .seconds(11))
                #expect(times(of: stages)[0] == StageTimes(busy: .seconds(11)))
                #expect(times(of: stages)[1] == StageTimes(busy: .seconds(3), waitingForEvents: .seconds(8)))
                let bottleneck = stages.snapshot().bottleneck
                #expect(bottleneck?.stage == "source" && bottleneck?.share == 1)
                stages.cancel()
            }
        }
    }

    @Test func aPauseCountsFromItsBeginningToItsEnd() throws {
        try underEachSchedule { clock in
            let probe = ProducerProbe<Int>()
            try await withStages(clock: clock, measuring: true) { stages in
                let source = stages.start("source") { probe.stage($0) }
                let sink = stages.start { SlowSink(clock: clock, time: .zero, log: Log()) }
                try await sink.subscribe(to: source)
                stages.go()
                try await clock.sleep(for: .seconds(1))
                source.pause()
                try await clock.sleep(for: .seconds(2))
                #expect(
                    stages.snapshot().bottleneck?.description == "'source' is paused; so it was for 67% of its time"
                )
                source.resume()
                try await clock.sleep(for: .seconds(4))
                #expect(times(of: stages)[0] == StageTimes(waitingForEvents: .seconds(5), paused: .seconds(2)))
                probe.finish()
            }
        }
    }

    @Test func theWaitBeforeAStageIsStartedAfreshIsNotCounted() throws {
        try underEachSchedule { clock in
            let lives = Log<Int>()
            try await withStages(clock: clock, measuring: true) { stages in
                let numbers = stages.start { Counter(end: 3) }
                let backoff = Backoff(base: .seconds(7), maximum: .seconds(7))
                let group = stages.group(restart: .upTo(1, within: .seconds(60), backoff: backoff))
                let sink = group.start {
                    lives.append([1])
                    if lives.all.count == 1 { throw Broken() }
                    return SlowSink(clock: clock, time: .seconds(2), log: Log())
                }
                try await sink.subscribe(to: numbers)
                stages.go()
                try await clock.sleep(for: .seconds(20))
                #expect(lives.all.count == 2)
                #expect(times(of: stages)[1] == StageTimes(busy: .seconds(2)))
            }
        }
    }

    @Test func nothingIsMeasuredUnlessItIsAskedForNorForAPool() throws {
        try underEachSchedule { clock in
            for isMeasured in [false, true] {
                try await withStages(clock: clock, measuring: isMeasured) { stages in
                    let numbers = stages.start { Counter(end: 3) }
                    let pool = stages.start { WorkerPool(concurrency: 1) { (_: Int) in } }
                    try await pool.subscribe(to: numbers)
                    stages.go()
                    await settle(clock)
                    #expect(times(of: stages).map { $0 != nil } == [isMeasured, false])
                }
            }
        }
    }

    @Test func theTableTellsTheShares() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock, measuring: true) { stages in
                let numbers = stages.start("numbers") { Counter(end: 1) }
                let pool = stages.start("pool") { WorkerPool(concurrency: 1) { (_: Int) in } }
                try await pool.subscribe(to: numbers)
                let sink = stages.start("sink") { SlowSink(clock: clock, time: .seconds(1), log: Log()) }
                try await sink.subscribe(to: numbers)
                stages.go()
                try await clock.sleep(for: .seconds(8))
                let lines = stages.snapshot().description.split(separator: "\n").map(String.init)
                #expect(lines[0].hasSuffix("lost  busy  no demand  no events  paused"))
                #expect(lines[2].hasSuffix("-          -          -       -"))
            }
        }
    }

    @Test func theAccountSurvivesReadingsThatComeInTheWrongOrder() {
        var account = TimeAccount()
        account.turn(to: .busy, at: .seconds(5))
        account.turn(to: .paused, at: .seconds(9))
        account.turn(to: .waitingForEvents, at: .seconds(8))
        account.turn(to: .ended, at: .seconds(11))
        #expect(account.times(at: .seconds(90)) == StageTimes(busy: .seconds(4), waitingForEvents: .seconds(2)))
        #expect(account.times(at: .seconds(90)).share(of: .busy) == 2.0 / 3)
        #expect(StageTimes().share(of: .busy) == 0)
    }
}

/// Runs a graph that is cancelled at its end under a few schedules.
private func untilCancelled(_ body: @escaping @Sendable (TestClock) async throws -> Void) throws {
    try underEachSchedule { clock in
        await #expect(throws: CancellationError.self) { try await body(clock) }
    }
}
