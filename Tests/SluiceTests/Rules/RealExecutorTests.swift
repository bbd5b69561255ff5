import Synchronization
import Testing

@testable import Sluice

/// On real threads, with several consumers that ask at once.
@Suite struct RealExecutorTests {
    struct Batch: Sendable {
        var number: Int
    }

    struct BatchSource: Producer {
        var next = 0
        let end: Int
        mutating func handleDemand(_ demand: Int) async throws -> [Batch]? {
            guard next < end else { return nil }
            defer { next += 1 }
            return [Batch(number: next)]
        }
    }

    struct OrderedSink: Consumer {
        let counts: Log<Int>
        let disorder: Log<Int>
        var last = -1
        var count = 0
        mutating func handleEvents(_ events: [Batch]) async throws {
            for event in events {
                if event.number <= last { disorder.append([event.number]) }
                last = event.number
            }
            count += events.count
            if last % 997 == 0 { await Task.yield() }
            counts.append([events.count])
        }
    }

    @Test func aMillionBatchesArriveInOrderWithSeveralConsumersAsking() async throws {
        let total = 1_000_000
        let (counts, disorder) = (Log<Int>(), Log<Int>())
        try await withStages { stages in
            let source = stages.start { BatchSource(end: total) }
            for window in [2, 7, 16, 50] {
                let sink = stages.start { OrderedSink(counts: counts, disorder: disorder) }
                try await sink.subscribe(to: source, maxDemand: window, minDemand: window / 3)
            }
        }
        #expect(disorder.all.isEmpty)
        #expect(counts.all.reduce(0, +) == total)
    }

    /// Stages that emit more than they get, so that asks of consumers deliver what is held while the stage works.
    @Test func aTreeOfStagesLosesNothingWhileNeighboursDeliver() async throws {
        let sum = Log<Int>()
        try await withStages { stages in
            let source = stages.start { Counter(end: 30_000) }
            for _ in 0..<2 {
                let between = stages.start { Twice() }
                try await between.subscribe(to: source, maxDemand: 13, minDemand: 4)
                for window in [1, 3, 10] {
                    let sink = stages.start { Collector(log: sum) }
                    try await sink.subscribe(to: between, maxDemand: window, minDemand: 0)
                }
            }
        }
        #expect(sum.all.count == 60_000)
        #expect(sum.all.reduce(0, +) == 30_000 * 29_999)
    }

    struct Twice: ProducerConsumer {
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] { events.flatMap { [$0, $0] } }
    }

    @Test func manyGraphsAreDrainedAndCancelledAtAnyMoment() async throws {
        for round in 0..<300 {
            let log = Log<Int>()
            do {
                try await withStages { stages in
                    let source = stages.start { Counter() }
                    let between = stages.start { Twice() }
                    let sink = stages.start { Collector(log: log) }
                    try await between.subscribe(to: source, maxDemand: 10)
                    try await sink.subscribe(to: between, maxDemand: 5)
                    stages.go()
                    for _ in 0..<round % 17 { await Task.yield() }
                    try? await sink.perform { _ in }
                    if round % 2 == 0 { stages.drain() } else { stages.cancel() }
                }
                #expect(round % 2 == 0)
                #expect(log.all.count % 2 == 0)
            } catch {
                #expect(error is CancellationError && round % 2 == 1)
            }
            #expect(log.all == log.all.sorted())
        }
    }
}
