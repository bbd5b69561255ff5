import MetricsTestKit
import Sluice
import SluiceObservability
import SluiceTesting
import Testing

@Suite struct StageMetricsTests {
    private struct SlowSink: Consumer {
        let clock: TestClock
        mutating func handleEvents(_ events: [Int]) async throws { try await clock.sleep(for: .seconds(10)) }
    }

    private struct Broken: Error {}

    private struct Failing: Consumer {
        mutating func handleEvents(_ events: [Int]) async throws { throw Broken() }
    }

    /// What a test factory has been told, by the label and the stage.
    private struct Told {
        let factory = TestMetrics()
        var metrics: StageMetrics { StageMetrics(graph: "orders", factory: factory) }

        func total(_ label: String, _ stage: String, _ activity: String? = nil) throws -> Int {
            Int(try factory.expectCounter(label, dimensions(stage, activity)).totalValue)
        }

        func levels(_ label: String, _ stage: String, _ activity: String? = nil) throws -> [Int] {
            try factory.expectGauge(label, dimensions(stage, activity)).values.map { Int($0) }
        }

        private func dimensions(_ stage: String, _ activity: String?) -> [(String, String)] {
            [("graph", "orders"), ("stage", stage)] + (activity.map { [("activity", $0)] } ?? [])
        }
    }

    private func run(_ body: @escaping @Sendable (TestClock) async throws -> Void) throws {
        for seed in UInt64(0)..<10 {
            let executor = DeterministicExecutor(seed: seed)
            try executor.run { try await body(executor.clock) }
        }
    }

    @Test func figuresAreRecordedAtTheIntervalAndAtTheEnd() throws {
        try run { clock in
            let told = Told()
            try await withStages(recording: told.metrics, every: .seconds(7), clock: clock, measuring: true) { stages in
                let numbers = stages.start("numbers") { SequenceSource(0..<6) }
                let sink = stages.start("sink") { SlowSink(clock: clock) }
                // Two events at once, ten seconds each time: three times, so it ends at 30 s.
                try await sink.subscribe(to: numbers, maxDemand: 4, minDemand: 2)
            }
            #expect(clock.now.offset == .seconds(30))
            #expect(try told.total("sluice_stage_emitted_total", "numbers") == 6)
            #expect(try told.total("sluice_stage_lost_total", "sink") == 0)
            // At 7 and 14 s two events are in the handler and two wait; from 20 s on the last two are in the handler.
            let waiting = try told.levels("sluice_stage_waiting", "sink").dropFirst()
            #expect(Array(waiting) == [2, 2, 0, 0, 0])
            let busy = try told.levels("sluice_stage_activity", "sink", "busy").dropFirst()
            #expect(Array(busy) == [1, 1, 1, 1, 0])
            #expect(try told.levels("sluice_stage_activity", "sink", "ended").last == 1)
            #expect(try told.total("sluice_stage_seconds_total", "sink", "busy") == 30)
        }
    }

    @Test func stagesOfOneNameAreAddedUpAndUnmeasuredTimesAreNotTold() throws {
        try run { clock in
            let told = Told()
            try await withStages(recording: told.metrics, clock: clock) { stages in
                for _ in 0..<3 {
                    let numbers = stages.start("numbers") { SequenceSource(0..<5) }
                    let sink = stages.start("sink") { SlowSink(clock: clock) }
                    try await sink.subscribe(to: numbers)
                }
            }
            #expect(try told.total("sluice_stage_emitted_total", "numbers") == 15)
            #expect(try told.levels("sluice_stage_activity", "numbers", "ended").last == 3)
            #expect(told.factory.counters(label: "sluice_stage_seconds_total").isEmpty)
        }
    }

    @Test func twoGraphsCountOnTheSameCounters() throws {
        try run { clock in
            let told = Told()
            for _ in 0..<2 {
                try await withStages(recording: told.metrics, clock: clock) { stages in
                    let numbers = stages.start("numbers") { SequenceSource(0..<5) }
                    let sink = stages.start("sink") { SlowSink(clock: clock) }
                    try await sink.subscribe(to: numbers)
                }
            }
            #expect(try told.total("sluice_stage_emitted_total", "numbers") == 10)
        }
    }

    @Test func failuresAndRestartsAreCountedAndTheLastFiguresOfAFailedGraphToo() throws {
        try run { clock async throws in
            let told = Told()
            await #expect(throws: Broken.self) {
                try await withStages(recording: told.metrics, clock: clock) { stages in
                    let numbers = stages.start("numbers") { SequenceSource(0..<9) }
                    let group = stages.group(restart: .upTo(2, within: .seconds(60)))
                    let failing = group.start("failing") { Failing() }
                    try await failing.subscribe(to: numbers, maxDemand: 3, minDemand: 2)
                }
            }
            #expect(try told.total("sluice_stage_failures_total", "failing") == 3)
            #expect(try told.total("sluice_stage_restarts_total", "failing") == 2)
            // One event in each failed call, and what waited when the graph failed.
            let lost = try told.total("sluice_stage_lost_total", "failing")
            let discarded = (try? told.total("sluice_stage_discarded_total", "numbers")) ?? 0
            #expect(lost >= 3)
            #expect(try lost + discarded == told.total("sluice_stage_emitted_total", "numbers"))
        }
    }

    @Test func stagesThatEndForGoodAreCounted() throws {
        try run { clock in
            let told = Told()
            try await withStages(recording: told.metrics, clock: clock) { stages in
                let numbers = stages.start("numbers") { SequenceSource(0..<9) }
                let group = stages.group(
                    restart: .upTo(1, within: .seconds(60)),
                    strategy: .oneForAll,
                    surrender: .endStages
                )
                let failing = group.start("failing") { Failing() }
                let sink = group.start("sink") { SlowSink(clock: clock) }
                try await failing.subscribe(to: numbers, maxDemand: 1)
                try await sink.subscribe(to: numbers, maxDemand: 1)
            }
            #expect(try told.total("sluice_stage_failures_total", "failing") == 2)
            #expect(try told.total("sluice_stage_restarts_total", "sink") == 1)
            #expect(try told.total("sluice_stage_ends_total", "failing") == 1)
            #expect(try told.total("sluice_stage_ends_total", "sink") == 1)
        }
    }

    @Test func aGraphOfOnesOwnIsSampledUntilTheTaskIsCancelled() throws {
        try run { clock in
            let told = Told()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start("numbers") { SequenceSource(0..<5) }
                let sink = stages.start("sink") { SlowSink(clock: clock) }
                try await sink.subscribe(to: numbers)
                stages.go()
                await withTaskGroup { group in
                    group.addTask { await told.metrics.sample(stages, every: .seconds(1), clock: clock) }
                    try? await clock.sleep(for: .milliseconds(3500))
                    group.cancelAll()
                }
            }
            #expect(try told.levels("sluice_stage_demand", "numbers").count == 5)
            #expect(try told.total("sluice_stage_emitted_total", "numbers") == 5)
        }
    }
}
