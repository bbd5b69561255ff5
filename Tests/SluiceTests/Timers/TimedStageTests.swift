import SluiceTesting
import Testing

@testable import Sluice

@Suite struct TimedStageTests {
    /// Emits what it has got, each second, and is full when it has three events.
    struct Sampler: TimedProducerConsumer {
        var kept: [Int] = []
        var deadline: Duration?
        var calls: Log<Arrival<Int>>
        var failure: Broken?
        var isHolding: Bool { kept.count >= 3 }

        mutating func handleEvents(_ events: [Int], at time: Duration) async throws -> [Int] {
            kept += events
            if deadline == nil { deadline = time + .seconds(1) }
            return []
        }

        mutating func handleDeadline(at time: Duration, demand: Int) async throws -> [Int] {
            calls.append([Arrival(time, demand)])
            if let failure { throw failure }
            defer { (kept, deadline) = ([], nil) }
            return kept
        }

        mutating func handleEnd() async throws -> [Int] { kept }
    }

    @Test func theDeadlineComesOnTimeAndAgain() throws {
        let calls = Log<Arrival<Int>>()
        let entries: [(Duration, [Int])] = [(.zero, [1]), (.milliseconds(300), [2]), (.milliseconds(2500), [3])]
        try observe(entries + [(.seconds(9), [])], { Sampler(calls: calls) }) { arrivals in
            #expect(arrivals == [Arrival(.seconds(1), 1), Arrival(.seconds(1), 2), Arrival(.milliseconds(3500), 3)])
        }
        #expect(calls.all.prefix(2) == [Arrival(.seconds(1), 1000), Arrival(.milliseconds(3500), 998)])
    }

    @Test func whileNothingIsWantedTheDeadlineWaits() throws {
        try underEachSchedule { clock in
            let (sink, calls) = (ConsumerProbe<Int>(), Log<Arrival<Int>>())
            try await withStages(clock: clock) { stages in
                let source = stages.start { Timetable(clock: clock, entries: [(.zero, [1]), (.seconds(90), [])]) }
                let sampler = stages.start { Sampler(calls: calls) }
                try await sampler.subscribe(to: source)
                try await stages.start { sink.stage() }.subscribe(to: sampler)
                sink.ask(1)
                stages.go()
                await settle(clock)
                sampler.pause()
                try await clock.sleep(for: .seconds(50))
                #expect(calls.all == [])
                sampler.resume()
                await settle(clock)
                #expect(calls.all.map(\.event) == [1] && sink.events == [1])
            }
        }
    }

    @Test func aStageThatIsFullGetsNothingAsksForNothingAndDoesNotEnd() throws {
        try underEachSchedule { clock in
            let (emitted, calls, log) = (Log<Int>(), Log<Arrival<Int>>(), Log<Arrival<Int>>())
            try await withStages(clock: clock) { stages in
                let source = stages.start { Counter(end: 10).tap { emitted.append([$0]) } }
                let sampler = stages.start { Sampler(calls: calls) }
                try await sampler.subscribe(to: source, maxDemand: 4, minDemand: 2)
                try await stages.start { Observer(clock: clock, log: log) }.subscribe(to: sampler)
                stages.go()
                await settle(clock)
                // The first chunk of 2 was asked for again; the second made it full.
                #expect(emitted.all.count == 6)
            }
            #expect(log.all.map(\.event) == Array(0..<10))
            #expect(log.all.map(\.time) == [1, 1, 1, 1, 2, 2, 2, 2, 2, 2].map { .seconds($0) })
        }
    }

    @Test func aPerformMovesTheDeadline() throws {
        try underEachSchedule { clock in
            let (calls, log) = (Log<Arrival<Int>>(), Log<Arrival<Int>>())
            try await withStages(clock: clock) { stages in
                let entries: [(Duration, [Int])] = [(.zero, [1, 2, 3]), (.seconds(90), [])]
                let source = stages.start { Timetable(clock: clock, entries: entries) }
                let sampler = stages.start { Sampler(deadline: .seconds(80), calls: calls) }
                try await sampler.subscribe(to: source)
                try await stages.start { Observer(clock: clock, log: log) }.subscribe(to: sampler)
                stages.go()
                try await wait(until: .seconds(10), on: clock)
                try await sampler.perform { $0.deadline = .seconds(12) }
            }
            #expect(log.all == [1, 2, 3].map { Arrival(.seconds(12), $0) })
        }
    }

    @Test func whatItThrowsFailsTheGraphAndACancelledOneIsNotCalled() throws {
        try underEachSchedule { clock in
            let calls = Log<Arrival<Int>>()
            for failure in [Broken(), nil] {
                do {
                    try await withStages(clock: clock) { stages in
                        let source = stages.start {
                            Timetable(clock: clock, entries: [(.zero, [1]), (.seconds(900), [])])
                        }
                        let sampler = stages.start { Sampler(calls: calls, failure: failure) }
                        try await sampler.subscribe(to: source)
                        try await stages.start { Collector(log: Log<Int>()) }.subscribe(to: sampler)
                        stages.go()
                        await settle(clock)
                        if failure == nil { stages.cancel() }
                    }
                } catch {
                    #expect(failure == nil ? error is CancellationError : error is Broken)
                }
            }
            #expect(calls.all.count == 1 && clock.now.offset < .seconds(900))
        }
    }
}
