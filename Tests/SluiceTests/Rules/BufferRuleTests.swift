import SluiceTesting
import Testing

@testable import Sluice

/// GenStage's scenarios D1 to D13: what a stage keeps when it emits more than its consumers want.
@Suite struct BufferRuleTests {
    /// Emits its lists one after the other, whatever the demand is.
    struct Lists: Producer {
        var lists: [[Int]]

        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            lists.isEmpty ? nil : lists.removeFirst()
        }
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let buffer: BufferPolicy
        let delivered: [Int]
        let discarded: [Int]
    }

    /// The consumer asks for 1 at a time: so 1 of the 8 is delivered, and 7 are too many.
    @Test(
        "D2 to D5, D11 to D13, W9: what is too much is dropped at one end, and the hook gets it",
        arguments: [
            Example(testDescription: "D4, D13", buffer: .unbounded, delivered: Array(1...10), discarded: []),
            Example(
                testDescription: "D2, D5, D11",
                buffer: .bounded(5, .dropNewest),
                delivered: [1, 2, 3, 4, 5, 6, 9, 10],
                discarded: [7, 8]
            ),
            Example(
                testDescription: "D3, D5, D12",
                buffer: .bounded(5, .dropOldest),
                delivered: [1, 4, 5, 6, 7, 8, 9, 10],
                discarded: [2, 3]
            ),
            Example(
                testDescription: "W9: size 0",
                buffer: .bounded(0, .dropNewest),
                delivered: [1, 9],
                discarded: [2, 3, 4, 5, 6, 7, 8, 10]
            ),
        ]
    )
    func overflow(_ example: Example) throws {
        try underEachSchedule { clock in
            let (log, discarded) = (Log<Int>(), Log<Int>())
            let options = EmissionOptions<Int>(buffer: example.buffer) { events, reason in
                #expect(reason == .bufferFull)
                discarded.append(events)
            }
            try await withStages(clock: clock) { stages in
                let lists = stages.start(options: options) { Lists(lists: [Array(1...8), [9, 10]]) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(1), log: log) }
                try await sink.subscribe(to: lists, maxDemand: 1)
            }
            #expect(log.all == example.delivered)
            #expect(discarded.all == example.discarded)
        }
    }

    @Test("D1: what is kept goes first, and only the rest of an ask reaches the source")
    func keptFirst() throws {
        try underEachSchedule { clock in
            let (first, second, demands) = (ConsumerProbe<Int>(), ConsumerProbe<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start { DemandRuleTests.Generous(log: demands) }
                let subscription = try await stages.start(first).subscribe(to: source)
                stages.go()
                first.ask(5)
                try await first.expect([0, 1, 2, 3, 4])
                subscription.cancel()
                try await first.expectNothing()
                try await stages.start(second).subscribe(to: source)
                second.ask(4)
                try await second.expect([5, 6, 7, 8])
                try await second.expectNothing()
                #expect(demands.all == [5])
                second.ask(4)
                try await second.expect([9, 10, 11, 12])
                try await second.expectNothing()
                #expect(demands.all == [5, 3])
                #expect(second.messages == [[5, 6, 7, 8], [9], [10, 11, 12]])
                second.ask(100)
                try await second.expect(Array(13..<30))
                try await second.expectFinish()
            }
        }
    }

    @Test("G2: a buffer of less than nothing stops the program") func negativeLimit() async {
        await #expect(processExitsWith: .failure) { _ = BufferPolicy.bounded(-1, .fail) }
    }

    /// The consumer asks for 1 at a time; an event weighs what it is.
    @Test(arguments: [
        (BufferPolicy.Overflow.dropOldest, [1, 5, 6, 2, 3], [2, 3, 4]),
        (.dropNewest, [1, 2, 3, 4, 2, 3], [5, 6]),
    ])
    func aBufferMayBeBoundedByWeight(overflow: BufferPolicy.Overflow, delivered: [Int], dropped: [Int]) throws {
        try underEachSchedule { clock in
            let (log, discarded) = (Log<Int>(), Log<Int>())
            let options = EmissionOptions<Int>(
                buffer: .bounded(12, overflow),
                discarded: { events, _ in discarded.append(events) },
                weight: { $0 }
            )
            try await withStages(clock: clock) { stages in
                let lists = stages.start(options: options) { Lists(lists: [Array(1...6), [2, 3]]) }
                let sink = stages.start { SlowSink(clock: clock, time: .seconds(1), log: log) }
                try await sink.subscribe(to: lists, maxDemand: 1)
            }
            #expect(log.all == delivered)
            #expect(discarded.all == dropped)
        }
    }

    @Test func eventsNeedNotWaitForAConsumerToCome() throws {
        try underEachSchedule { clock in
            let (log, discarded) = (Log<Int>(), Log<Int>())
            let options = EmissionOptions<Int>(waitsForConsumers: false) { events, reason in
                #expect(reason == .noConsumer)
                discarded.append(events)
            }
            try await withStages(clock: clock) { stages in
                let source = stages.start(options: options) { Lists(lists: [[7]]) }
                try await source.perform(emitting: { _ in [1, 2] })
                await settle(clock)
                #expect(discarded.all == [1, 2])
                let sink = stages.start { Collector(log: log) }
                let subscription = try await sink.subscribe(to: source, maxDemand: 1)
                try await source.perform(emitting: { _ in [3, 4] })
                await settle(clock)
                subscription.cancel()
                try await source.perform(emitting: { _ in [5] })
                await settle(clock)
                #expect(discarded.all == [1, 2, 5])
                let late = stages.start { Collector(log: log) }
                try await late.subscribe(to: source)
            }
            #expect(log.all == [3, 4, 7])
        }
    }

    @Test func anOverflowMayFailTheGraph() throws {
        try underEachSchedule { clock in
            let discarded = Log<Int>()
            let options = EmissionOptions<Int>(buffer: .bounded(2, .fail)) { events, reason in
                if reason == .bufferFull { discarded.append(events) }
            }
            let error = await #expect(throws: StageError.self) {
                try await withStages(clock: clock) { stages in
                    let lists = stages.start("lists", options: options) { Lists(lists: [[1, 2, 3, 4, 5]]) }
                    let sink = stages.start { SlowSink(clock: clock, time: .seconds(1), log: Log()) }
                    try await sink.subscribe(to: lists, maxDemand: 1)
                }
            }
            #expect(error?.code == .bufferOverflow)
            #expect(error?.message.contains("'lists' emitted 2 events more") == true)
            #expect(discarded.all == [4, 5])
        }
    }

    /// Emits eight events when a gate opens.
    struct GatedSource: Producer {
        let gate: Gate
        var isDone = false

        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            if isDone { return nil }
            await gate.wait()
            isDone = true
            return Array(1...8)
        }
    }

    @Test("W11: the limit holds during a pause too, and so does the order")
    func theLimitHoldsDuringAPauseToo() throws {
        try underEachSchedule { clock in
            let (log, discarded, gate) = (Log<Int>(), Log<Int>(), Gate())
            let options = EmissionOptions<Int>(buffer: .bounded(5, .dropNewest)) { events, _ in discarded.append(events)
            }
            try await withStages(clock: clock) { stages in
                let source = stages.start(options: options) { GatedSource(gate: gate) }
                let sink = stages.start { SlowSink(clock: clock, time: .zero, log: log) }
                try await sink.subscribe(to: source)
                stages.go()
                await settle(clock)
                source.pause()
                gate.open()
                await settle(clock)
                #expect(discarded.all == [6, 7, 8] && log.all.isEmpty)
                source.resume()
            }
            #expect(log.all == [1, 2, 3, 4, 5])
        }
    }
}
