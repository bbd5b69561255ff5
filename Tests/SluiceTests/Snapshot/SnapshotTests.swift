import Foundation
import SluiceTesting
import Testing

@testable import Sluice

@Suite struct SnapshotTests {
    struct Passer: ProducerConsumer {
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] { events }
    }

    /// A quick source and a quick stage before a slow consumer, when all that can happen has happened.
    private func slowSinkGraph() throws -> GraphSnapshot {
        let executor = DeterministicExecutor(seed: 3)
        let clock = executor.clock
        let snapshots = Log<GraphSnapshot>()
        try executor.run {
            try await withStages(clock: clock) { stages in
                let numbers = stages.start("numbers") { Counter(end: 40) }
                let passer = stages.start("passer") { Passer() }
                let sink = stages.start("sink") { SlowSink(clock: clock, time: .seconds(10), log: Log()) }
                try await passer.subscribe(to: numbers, maxDemand: 10, minDemand: 5)
                try await sink.subscribe(to: passer, maxDemand: 4, minDemand: 2)
                stages.go()
                await settle(clock)
                snapshots.append([stages.snapshot()])
            }
        }
        return try #require(snapshots.all.first)
    }

    @Test("G20: every stage, and every place where events wait, is shown")
    func everyPlaceWhereEventsWaitIsShown() throws {
        let snapshot = try slowSinkGraph()
        #expect(snapshot.stages.map(\.name) == ["numbers", "passer", "sink"])
        #expect(snapshot.stages.map(\.activity) == [.waitingForDemand, .waitingForDemand, .busy])
        let (passer, sink) = (snapshot.stages[1], snapshot.stages[2])
        // Everything emitted is in one place: with the passer, on the sink's side, or in the sink's handler.
        #expect(snapshot.stages[0].emitted == snapshot.edges[0].delivered)
        #expect(passer.emitted == snapshot.edges[1].delivered + passer.buffered)
        #expect(snapshot.edges[0].delivered == passer.emitted + passer.waiting)
        #expect(sink.waiting == 2 && snapshot.edges[1].delivered == 4)
        #expect(snapshot.edges.allSatisfy { $0.outstanding >= 0 } && snapshot.stalled.isEmpty)
    }

    @Test("D8, D9: what a stage keeps is counted; a consumer keeps nothing")
    func kept() throws {
        try underEachSchedule { clock in
            let (gate, sink) = (Gate(), ConsumerProbe<Int>())
            gate.open()
            try await withStages(clock: clock) { stages in
                let source = stages.start { BufferRuleTests.GatedSource(gate: gate) }
                try await stages.start(sink).subscribe(to: source)
                stages.go()
                for (ask, buffered) in [(1, 7), (3, 4), (4, 0)] {
                    sink.ask(ask)
                    try await sink.next(ask)
                    try await sink.expectNothing()
                    #expect(stages.snapshot().stages.map(\.buffered) == [buffered, 0])
                }
                sink.ask(1)
            }
        }
    }

    @Test func theSlowStageIsTheBottleneck() throws {
        let snapshot = try slowSinkGraph()
        let bottleneck = try #require(snapshot.bottleneck)
        let waiting = snapshot.stages[2].waiting + snapshot.stages[1].buffered
        #expect(bottleneck.stage == "sink" && bottleneck.reason == .busy(waiting: waiting))
        #expect(bottleneck.description == "'sink' is busy while \(waiting) events wait for it")
    }

    @Test func aSourceThatHasNothingIsTheBottleneckAndAPausedStageTooNamesItself() throws {
        try underEachSchedule { clock in
            let probe = ProducerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start("source") { probe.stage($0) }
                let sink = stages.start("sink") { SlowSink(clock: clock, time: .zero, log: Log()) }
                try await sink.subscribe(to: source, maxDemand: 7)
                stages.go()
                await settle(clock)
                #expect(stages.snapshot().bottleneck?.reason == .source(demand: 7))
                source.pause()
                #expect(stages.snapshot().bottleneck?.reason == .paused)
                source.resume()
                probe.finish()
            }
        }
    }

    @Test func aPoolIsAsBusyAsItsWorkers() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 9) }
                let pool = stages.start("pool") {
                    WorkerPool(concurrency: 2) { (_: Int) in try await clock.sleep(for: .seconds(10)) }
                }
                try await pool.subscribe(to: numbers, maxDemand: 5)
                stages.go()
                await settle(clock)
                let figures = stages.snapshot().stages[1]
                #expect(figures.activity == .busy && figures.waiting == 3)
                #expect(stages.snapshot().bottleneck?.reason == .busy(waiting: 3))
            }
        }
    }

    @Test func aStageThatHasEndedWantsNothing() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 3) }
                let sink = stages.start { SlowSink(clock: clock, time: .zero, log: Log()) }
                try await sink.subscribe(to: numbers)
                stages.go()
                await settle(clock)
                #expect(stages.snapshot().stages[0].activity == .ended && numbers.demand == 0)
            }
        }
    }

    @Test func afterTheEndItShowsHowEverythingEnded() throws {
        try underEachSchedule { clock in
            var graph: Stages?
            try await withStages(clock: clock, measuring: true) { stages in
                graph = stages
                let numbers = stages.start("numbers") { Counter(end: 4) }
                let sink = stages.start("sink") { SlowSink(clock: clock, time: .seconds(1), log: Log()) }
                try await sink.subscribe(to: numbers, maxDemand: 2, minDemand: 0)
            }
            let last = try #require(graph?.snapshot())
            try #require(last.stages.map(\.name) == ["numbers", "sink"])
            #expect(last.bottleneck == nil)
            #expect(last.stages.allSatisfy { $0.activity == .ended } && last.stages[0].emitted == 4)
            #expect(last.stages[1].times == StageTimes(busy: .seconds(2)))
        }
    }

    @Test func itReadsWell() throws {
        let small = GraphSnapshot(
            stages: [
                stage("numbers", .producer, .waitingForDemand, emitted: 1200, buffered: 3),
                stage("a \"sink\"", .consumer, .busy, waiting: 17),
            ],
            edges: [.init(subscription: 0, producer: 0, consumer: 1, asked: 2000, delivered: 1197)]
        )
        #expect(
            small.description == """
                stage     activity          emitted  demand  waiting  buffered  kept  discarded  lost
                numbers   waitingForDemand     1200       0        0         3     0          0     0
                a "sink"  busy                    0       0       17         0     0          0     0

                subscription         asked  delivered  outstanding
                numbers -> a "sink"   2000       1197          803

                """
        )
        #expect(
            small.dot == #"""
                digraph stages {
                  rankdir=LR;
                  node [shape=box];
                  s0 [label="numbers\nwaitingForDemand, 3 waiting"];
                  s1 [label="a \"sink\"\nbusy, 17 waiting"];
                  s0 -> s1 [label="1197 of 2000"];
                }
                """#
        )
    }

    @Test func itCanBeStored() throws {
        let snapshot = try slowSinkGraph()
        let copy = try JSONDecoder().decode(GraphSnapshot.self, from: try JSONEncoder().encode(snapshot))
        #expect(copy.description == snapshot.description)
    }

    private func stage(
        _ name: String,
        _ kind: StageKind,
        _ activity: StageActivity,
        emitted: Int = 0,
        buffered: Int = 0,
        waiting: Int = 0
    ) -> GraphSnapshot.Stage {
        GraphSnapshot.Stage(
            name: name,
            kind: kind,
            activity: activity,
            emitted: emitted,
            demand: 0,
            buffered: buffered,
            keptByDispatcher: 0,
            waiting: waiting,
            discarded: 0,
            lost: 0,
            isStalled: false
        )
    }
}
