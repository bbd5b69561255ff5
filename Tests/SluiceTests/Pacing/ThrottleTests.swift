import SluiceTesting
import Testing

@testable import Sluice

@Suite struct ThrottleTests {
    @Test func noMoreThanTheRatePassesAndNothingWaitsToFillIt() throws {
        let entries: [(Duration, [Int])] = [(.zero, [1]), (.milliseconds(300), [2, 3, 4, 5, 6]), (.seconds(9), [7])]
        try observe(entries, { Throttle<Int>(3, per: .seconds(1)) }) { arrivals in
            #expect(
                arrivals == [
                    Arrival(.zero, 1), Arrival(.milliseconds(300), 2), Arrival(.milliseconds(300), 3),
                    Arrival(.seconds(1), 4), Arrival(.milliseconds(1300), 5), Arrival(.milliseconds(1300), 6),
                    Arrival(.seconds(9), 7),
                ]
            )
        }
    }

    @Test func whatNobodyWantsIsNotSavedUp() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { SequenceSource(1...6) }
                let throttle = stages.start { Throttle<Int>(2, per: .seconds(10)) }
                try await throttle.subscribe(to: source)
                try await stages.start { sink.stage() }.subscribe(to: throttle)
                stages.go()
                sink.ask(1)
                try await clock.sleep(for: .seconds(100))
                #expect(sink.events == [1])
                sink.ask(10)
                await settle(clock)
                #expect(sink.events == [1, 2, 3])
                try await clock.sleep(for: .seconds(10))
                #expect(sink.events == [1, 2, 3, 4, 5])
            }
            #expect(sink.events == Array(1...6))
        }
    }

    @Test func theProducerFeelsTheRate() throws {
        try underEachSchedule { clock in
            let emitted = Log<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { Counter(end: 10).tap { emitted.append([$0]) } }
                let throttle = stages.start { Throttle<Int>(1, per: .seconds(10)) }
                try await throttle.subscribe(to: source, maxDemand: 4, minDemand: 2)
                try await stages.start { Collector(log: Log<Int>()) }.subscribe(to: throttle)
                stages.go()
                await settle(clock)
                #expect(emitted.all.count == 4)
                #expect(stages.snapshot().bottleneck?.reason == .busy(waiting: 2))
                try await wait(until: .seconds(11), on: clock)
                #expect(emitted.all.count == 6, "The chunk of two has passed")
                try await wait(until: .seconds(21), on: clock)
                #expect(emitted.all.count == 6)
            }
            #expect(clock.now.offset == .seconds(90))
        }
    }

    @Test(arguments: [true, false]) func aChangeHoldsAtOnceAlsoForWhatWaits(isFaster: Bool) throws {
        try underEachSchedule { clock in
            let log = Log<Arrival<Int>>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { SequenceSource(1...5) }
                let throttle = stages.start { Throttle<Int>(1, per: .seconds(10)) }
                try await throttle.subscribe(to: source)
                try await stages.start { Observer(clock: clock, log: log) }.subscribe(to: throttle)
                stages.go()
                try await wait(until: .seconds(4), on: clock)
                try await throttle.perform { throttle in
                    if isFaster {
                        throttle.setRate(3, per: .seconds(2))
                    } else {
                        throttle.setRate(2, per: .seconds(50))
                    }
                }
            }
            let times = isFaster ? [0, 4, 4, 4, 6] : [0, 4, 50, 54, 100]
            #expect(log.all == zip(times, 1...5).map { Arrival(.seconds($0), $1) })
        }
    }

    @Test(arguments: UInt64(0)..<50) func noIntervalHasMoreThanTheRate(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var throttle = Throttle<Int>(4, per: .seconds(10))
        var passages: [Int] = []
        var next = 0
        for now in 0..<400 {
            let time = Duration.seconds(now)
            if !throttle.isHolding, Bool.random(using: &generator) {
                let size = Int.random(in: 1...6, using: &generator)
                expect(throttle.handleEvents(Array(next..<next + size), at: time) == [])
                next += size
            }
            guard let deadline = throttle.deadline, deadline <= time else { continue }
            let demand = Int.random(in: 1...3, using: &generator)
            let events = throttle.handleDeadline(at: time, demand: demand)
            #expect(!events.isEmpty && events.count <= demand, "Called for nothing, seed \(seed)")
            #expect(events == Array(passages.count..<passages.count + events.count))
            passages += events.map { _ in now }
        }
        for (index, time) in passages.enumerated().dropFirst(4) {
            #expect(time - passages[index - 4] >= 10, "Seed \(seed)")
        }
    }

    @Test func aDrainPassesOnWhatIsInsideAtItsRateAndACancelDropsIt() throws {
        try underEachSchedule { clock in
            for isDrained in [true, false] {
                let log = Log<Int>()
                let start = clock.now.offset
                do {
                    try await withStages(clock: clock) { stages in
                        let source = stages.start {
                            Timetable(clock: clock, entries: [(start, [1, 2, 3]), (start + .seconds(900), [4])])
                        }
                        let throttle = stages.start { Throttle<Int>(1, per: .seconds(10)) }
                        try await throttle.subscribe(to: source)
                        try await stages.start { Collector(log: log) }.subscribe(to: throttle)
                        stages.go()
                        await settle(clock)
                        if isDrained { stages.drain() } else { stages.cancel() }
                    }
                } catch {
                    #expect(!isDrained && error is CancellationError)
                }
                #expect(log.all == (isDrained ? [1, 2, 3] : [1]))
            }
        }
    }
}
