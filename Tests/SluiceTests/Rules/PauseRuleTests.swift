import SluiceTesting
import Testing

@testable import Sluice

/// GenStage's scenarios C: demand that accumulates until it is let through.
@Suite struct PauseRuleTests {
    struct Collector: Consumer {
        let log: Log<Int>
        mutating func handleEvents(_ events: [Int]) async throws { log.append(events) }
    }

    @Test("C1, C2, C4: a paused source is not called; then all demand is served")
    func startsPaused() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(options: .init(startsPaused: true)) { Counter(end: 10) }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: numbers, maxDemand: 4, minDemand: 0)
                stages.go()
                await settle(clock)
                #expect(log.all.isEmpty && numbers.demand == 0)
                numbers.pause()
                await settle(clock)
                #expect(log.all.isEmpty)
                numbers.resume()
            }
            #expect(log.all == Array(0..<10))
        }
    }

    @Test("C3: a pause that ends before anyone subscribes changes nothing")
    func resumedBefore() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(options: .init(startsPaused: true)) { Counter(end: 10) }
                numbers.resume()
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: numbers, maxDemand: 4)
            }
            #expect(log.all == Array(0..<10))
        }
    }

    @Test("C5: what is emitted during a pause is kept, and goes to those who are there when it ends, in order")
    func broadcast() throws {
        try underEachSchedule { clock in
            let logs = [Log<Int>(), Log<Int>()]
            let probe = ProducerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start(dispatcher: BroadcastDispatcher()) { probe.stage($0) }
                let first = stages.start { Collector(log: logs[0]) }
                try await first.subscribe(to: source, as: .init())
                stages.go()
                await settle(clock)
                source.stage.pause()
                probe.send([1, 2])
                await settle(clock)
                #expect(logs[0].all.isEmpty)
                let second = stages.start { Collector(log: logs[1]) }
                try await second.subscribe(to: source, as: .init())
                await settle(clock)
                source.stage.resume()
                probe.send([3, 4])
                probe.finish()
            }
            for log in logs { #expect(log.all == [1, 2, 3, 4]) }
        }
    }

    @Test("C6: after a pause the source is asked once for all that was asked for meanwhile")
    func askedForAll() throws {
        try underEachSchedule { clock in
            let (probe, sinks) = (ProducerProbe<Int>(), [ConsumerProbe<Int>(), ConsumerProbe<Int>()])
            try await withStages(clock: clock) { stages in
                let source = stages.start(probe, options: .init(startsPaused: true))
                for sink in sinks {
                    try await stages.start(sink).subscribe(to: source)
                    sink.ask(2)
                }
                stages.go()
                await settle(clock)
                #expect(probe.demands.isEmpty)
                source.resume()
                try await probe.expectDemand(4)
                #expect(probe.demands == [4])
                probe.finish()
            }
        }
    }

    @Test func aPausedStageBetweenOthersTakesNothingAndADrainEndsThePause() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 1000) }
                let doubled = stages.start(options: .init(startsPaused: true)) { Doubler() }
                let sink = stages.start { Collector(log: log) }
                try await doubled.subscribe(to: numbers, maxDemand: 10)
                try await sink.subscribe(to: doubled)
                stages.go()
                await settle(clock)
                #expect(log.all.isEmpty)
                stages.drain(within: .seconds(5))
            }
            #expect(log.all == (0..<10).flatMap { [$0, $0] })
        }
    }

    struct Doubler: ProducerConsumer {
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] { events.flatMap { [$0, $0] } }
    }
}
