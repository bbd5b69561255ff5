import Sluice
import SluiceTesting
import Testing

@testable import Guide

struct RunningTotal: ProducerConsumer {
    var total = 0

    mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
        events.map { event in
            total += event
            return total
        }
    }
}

@Test func totals() async throws {
    var stage = RunningTotal()
    #expect(try await stage.handleEvents([1, 2, 3]) == [1, 3, 6])
    #expect(try await stage.handleEvents([4]) == [10])
}

@Test func totalsInAGraph() throws {
    try DeterministicExecutor.check(seeds: 0..<200) { clock in
        let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
        try await withStages(clock: clock) { stages in
            let totals = stages.start { RunningTotal() }
            try await totals.subscribe(to: stages.start(source), maxDemand: 4)
            try await stages.start(sink).subscribe(to: totals)
            stages.go()
            try await source.expectDemand(4)
            source.send([1, 2, 3])
            try await sink.expectNothing()
            sink.ask(2)
            try await sink.expect([1, 3])
            source.finish()
            sink.ask(10)
            try await sink.expect([6])
            try await sink.expectFinish()
        }
    }
}

@Test func aBatchLeavesAfterASecond() throws {
    try DeterministicExecutor.check(seeds: 0..<200) { clock in
        let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<[Int]>())
        try await withStages(clock: clock) { stages in
            let batches = stages.start { Batch<Int>(count: 100, within: .seconds(1)) }
            try await batches.subscribe(to: stages.start(source))
            try await stages.start(sink).subscribe(to: batches)
            stages.go()
            sink.ask(1)
            source.send([1, 2, 3])
            try await sink.expectNothing()
            let begin = clock.now
            try await sink.expect([[1, 2, 3]])
            #expect(begin.duration(to: clock.now) == .seconds(1))
            source.finish()
        }
    }
}

@Test func theRulesAreKept() throws {
    try checkProducer { _, _ in Counter() }
    try checkProducerConsumer(Array(1...50)) { _ in RunningTotal() }
}

@Test func theDispatcherKeepsTheLaws() throws {
    try checkDispatcher(
        make: { OldestFirst<Int>() },
        options: { _ in },
        event: { $0 },
        number: { $0 }
    )
}
