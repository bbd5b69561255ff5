import SluiceTesting
import Testing

@testable import Sluice

@Suite struct BatchTests {
    @Test func aBatchLeavesWhenItIsFullOrItsFirstEventHasWaitedLongEnough() throws {
        let entries: [(Duration, [Int])] = [
            (.zero, [1, 2]), (.milliseconds(400), [3]), (.milliseconds(1500), [4]), (.milliseconds(1600), [5, 6, 7]),
            (.seconds(5), [8]),
        ]
        try observe(entries, { Batch<Int>(count: 3, within: .seconds(1)) }) { arrivals in
            #expect(
                arrivals == [
                    Arrival(.milliseconds(400), [1, 2, 3]), Arrival(.milliseconds(1600), [4, 5, 6]),
                    Arrival(.milliseconds(2600), [7]), Arrival(.seconds(5), [8]),
                ]
            )
        }
    }

    @Test func withoutATimeLimitOnlyTheLastBatchIsNotFull() throws {
        try observe([(.zero, Array(1...5)), (.seconds(500), [6, 7])], { Batch<Int>(count: 3) }) { arrivals in
            #expect(
                arrivals == [
                    Arrival(.zero, [1, 2, 3]), Arrival(.seconds(500), [4, 5, 6]), Arrival(.seconds(500), [7]),
                ]
            )
        }
    }

    @Test func underASlowConsumerALateBatchGrowsAsFarAsEventsHaveArrived() throws {
        let entries: [(Duration, [Int])] = [(.zero, [0, 1, 2, 3]), (.seconds(5), [4, 5, 6]), (.seconds(90), [7])]
        try observe(entries, pace: .seconds(10), maxDemand: 1, { Batch<Int>(count: 3, within: .seconds(1)) }) {
            #expect(
                $0 == [
                    Arrival(.zero, [0, 1, 2]), Arrival(.seconds(10), [3, 4, 5]), Arrival(.seconds(20), [6]),
                    Arrival(.seconds(90), [7]),
                ]
            )
        }
    }

    @Test func eventsThatComeWithoutPauseDoNotHoldALateBatchBack() throws {
        let entries = (0..<40).map { (Duration.milliseconds(400 * $0), [$0]) }
        try observe(entries, { Batch<Int>(count: 1000, within: .seconds(1)) }) { arrivals in
            #expect(arrivals.flatMap(\.event) == Array(0..<40))
            #expect(arrivals.map(\.event.count) == Array(repeating: 3, count: 13) + [1])
            #expect(arrivals.dropLast().allSatisfy { $0.time == .milliseconds(400 * $0.event[0] + 1000) })
        }
    }

    @Test func batchesByWeight() async throws {
        var batch = Batch<Int>(weight: 10, count: 4) { $0 }
        var batches = batch.handleEvents([4, 6, 1, 9, 5, 6], at: .zero)
        #expect(batches == [[4, 6], [1, 9], [5]])
        batches = batch.handleEvents([50, 3, 70, 0, 0, 0, 0, 1], at: .zero)
        #expect(batches == [[6], [50], [3], [70], [0, 0, 0, 0]])
        #expect(try await batch.handleEnd() == [[1]])
        #expect(try await batch.handleEnd() == [])
    }

    @Test(arguments: UInt64(0)..<50) func nothingIsLostAndNoBatchIsTooLargeOrTooSmall(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        var batch = Batch<Int>(weight: 20, count: 5) { $0 }
        var batches: [[Int]] = []
        let events = (0..<300).map { _ in Int.random(in: 0...30, using: &generator) }
        var rest = events[...]
        while !rest.isEmpty {
            let size = min(rest.count, Int.random(in: 1...20, using: &generator))
            batches += batch.handleEvents(Array(rest.prefix(size)), at: .zero)
            rest.removeFirst(size)
        }
        batches += try await batch.handleEnd()
        #expect(batches.flatMap { $0 } == events)
        for (batch, next) in zip(batches, batches.dropFirst()) {
            let weight = batch.reduce(0, +)
            #expect(batch.count <= 5 && (weight <= 20 || batch.count == 1), "Seed \(seed)")
            #expect(batch.count == 5 || weight + next[0] > 20 || weight == 20, "Seed \(seed)")
        }
    }

    @Test func aDrainGivesOutTheBatchThatIsBeingFilledAndACancelDropsIt() throws {
        try underEachSchedule { clock in
            for isDrained in [true, false] {
                let log = Log<[Int]>()
                do {
                    try await withStages(clock: clock) { stages in
                        let start = clock.now.offset
                        let source = stages.start {
                            Timetable(clock: clock, entries: [(start, [1, 2]), (start + .seconds(900), [3])])
                        }
                        let batches = stages.start { Batch<Int>(count: 3, within: .seconds(60)) }
                        try await batches.subscribe(to: source)
                        try await stages.start { Collector(log: log) }.subscribe(to: batches)
                        stages.go()
                        await settle(clock)
                        if isDrained { stages.drain() } else { stages.cancel() }
                    }
                } catch {
                    #expect(!isDrained && error is CancellationError)
                }
                #expect(log.all == (isDrained ? [[1, 2]] : []))
                #expect(clock.now.offset < .seconds(1), "Nobody waited for the batch's time")
            }
        }
    }

    @Test func batchesOfARealGraphArriveInOrder() async throws {
        let log = Log<[Int]>()
        try await withStages { stages in
            let source = stages.start { Counter(end: 100_000) }
            let batches = stages.start { Batch<Int>(count: 37, within: .milliseconds(1)) }
            try await batches.subscribe(to: source)
            try await stages.start { Collector(log: log) }.subscribe(to: batches, maxDemand: 10)
        }
        #expect(log.all.flatMap { $0 } == Array(0..<100_000))
        #expect(log.all.allSatisfy { $0.count <= 37 })
    }
}
