import SluiceTesting
import Testing

@testable import Sluice

/// What GenStage's dispatchers get wrong, in whole graphs.
@Suite struct DispatcherRuleTests {
    struct Collector: Consumer {
        let log: Log<Int>
        mutating func handleEvents(_ events: [Int]) async throws { log.append(events) }
    }

    @Test("W1: everyone gets every event, whatever the windows are")
    func broadcast() throws {
        try underEachSchedule { clock in
            let logs = [Log<Int>(), Log<Int>(), Log<Int>()]
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher()) { Counter(end: 200) }
                for (index, log) in logs.enumerated() {
                    let sink = stages.start { Collector(log: log) }
                    try await sink.subscribe(to: numbers, as: .init(), maxDemand: [1, 7, 100][index])
                }
            }
            for log in logs { #expect(log.all == Array(0..<200)) }
        }
    }

    @Test func eachPartitionGetsItsOwnInOrder() throws {
        try underEachSchedule { clock in
            let logs = [Log<Int>(), Log<Int>(), Log<Int>()]
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(
                    dispatcher: PartitionDispatcher(keys: 0..<3, queueLimit: 5) { .to($0 % 3) }
                ) { Counter(end: 200) }
                for (key, log) in logs.enumerated() {
                    let sink = stages.start { Collector(log: log) }
                    try await sink.subscribe(to: numbers, as: key, maxDemand: key + 1)
                }
            }
            for (key, log) in logs.enumerated() { #expect(log.all == (0..<200).filter { $0 % 3 == key }) }
        }
    }

    @Test("W6: a refused consumer's error is its own, and the producer and the others go on")
    func refused() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(
                    dispatcher: PartitionDispatcher(keys: [0]) { _ in .to(0) }
                ) { Counter(end: 50) }
                let refused = stages.start { Collector(log: Log()) }
                let error = await #expect(throws: StageError.self) { try await refused.subscribe(to: numbers, as: 1) }
                #expect(error?.code == .refused)
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: numbers, as: 0)
            }
            #expect(log.all == Array(0..<50))
        }
    }

    @Test func aSubscriptionWithoutItsOptionsIsRefused() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: PartitionDispatcher(keys: [0]) { _ in .to(0) }) {
                    Counter(end: 1)
                }
                let sink = stages.start { Collector(log: Log()) }
                let error = await #expect(throws: StageError.self) { try await sink.subscribe(to: numbers.stage) }
                #expect(error?.code == .refused)
            }
        }
    }

    @Test func aPartitionThatNobodyCanClaimAnyMoreStopsNobody() throws {
        try underEachSchedule { clock in
            let (log, discarded) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(
                    dispatcher: PartitionDispatcher(keys: 0..<2, queueLimit: 3) { .to($0 % 2) },
                    options: .init { events, reason in
                        #expect(reason == .unclaimed)
                        discarded.append(events)
                    }
                ) { Counter(end: 60) }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: numbers, as: 0, maxDemand: 4)
            }
            #expect(log.all == (0..<60).filter { $0 % 2 == 0 })
            #expect(discarded.all == (0..<60).filter { $0 % 2 == 1 })
        }
    }

    @Test func aLaggardIsDisconnectedAndItsStageFinishes() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher()) { Counter(end: 100) }
                let slow = stages.start { SlowSink(clock: clock, time: .seconds(1_000_000), log: Log()) }
                try await slow.subscribe(to: numbers, as: .init(pace: .disconnecting(lag: 2)), maxDemand: 1)
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: numbers, as: .init(), maxDemand: 10)
            }
            #expect(log.all == Array(0..<100))
        }
    }

    @Test func whatADispatcherKeepsIsDeliveredBeforeTheEnd() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(
                    dispatcher: PartitionDispatcher(keys: 0..<2, queueLimit: 50) { .to($0 < 40 ? 1 : 0) }
                ) { Counter(end: 41) }
                let slow = stages.start { SlowSink(clock: clock, time: .seconds(1), log: log) }
                try await slow.subscribe(to: numbers, as: 1, maxDemand: 1)
                let quick = stages.start { Collector(log: Log()) }
                try await quick.subscribe(to: numbers, as: 0, maxDemand: 100)
            }
            #expect(log.all == Array(0..<40))
        }
    }

    /// Emits some events at once, and then waits until it is interrupted.
    struct OnceSource: Producer {
        let clock: TestClock
        var events: [Int]

        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            if events.isEmpty { try await clock.sleep(for: .seconds(1_000_000)) }
            defer { events = [] }
            return events
        }
    }

    @Test func whatADispatcherKeepsIsDeliveredWhileTheSourceWaits() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start(dispatcher: PartitionDispatcher(keys: 0..<2) { _ in .to(1) }) {
                    OnceSource(clock: clock, events: [1, 2, 3])
                }
                let slow = stages.start { SlowSink(clock: clock, time: .seconds(1), log: log) }
                try await slow.subscribe(to: source, as: 1, maxDemand: 1)
                let idle = stages.start { Collector(log: Log()) }
                try await idle.subscribe(to: source, as: 0)
                stages.go()
                try await clock.sleep(for: .seconds(10))
                #expect(log.all == [1, 2, 3])
                stages.drain()
            }
        }
    }
}
