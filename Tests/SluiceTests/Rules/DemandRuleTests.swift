import SluiceTesting
import Testing

@testable import Sluice

/// Asking, delivering and waiting, with GenStage's scenarios A, B and F.
@Suite struct DemandRuleTests {
    struct BatchSink: Consumer {
        let log: Log<[Int]>
        mutating func handleEvents(_ events: [Int]) async throws { log.append([events]) }
    }

    struct Doubler: ProducerConsumer {
        var log: Log<[Int]>?
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            log?.append([events])
            return events.flatMap { [$0, $0] }
        }
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let max: Int
        let min: Int
        /// The bounds of the first batches.
        let batches: [ClosedRange<Int>]
        var testDescription: String { name }
    }

    @Test(
        "A1 to A4: a counter's batches are GenStage's",
        arguments: [
            Example(name: "A1", max: 1000, min: 500, batches: [0...499, 500...999, 1000...1499]),
            Example(name: "A2", max: 100, min: 80, batches: [0...19, 20...39, 40...59]),
            Example(name: "A3", max: 100, min: 20, batches: [0...79, 80...99, 100...179, 180...259, 260...279]),
            Example(name: "A4", max: 1, min: 0, batches: [0...0, 1...1, 2...2]),
        ]
    )
    func batches(_ example: Example) throws {
        let log = Log<[Int]>()
        // One schedule: how messages meet in the inbox is a matter of the schedule, their order is not.
        let executor = DeterministicExecutor(seed: 1)
        try executor.run {
            try await withStages { stages in
                let numbers = stages.start { Counter(end: 4000) }
                let sink = stages.start { BatchSink(log: log) }
                try await sink.subscribe(to: numbers, maxDemand: example.max, minDemand: example.min)
            }
        }
        #expect(log.all.prefix(example.batches.count).elementsEqual(example.batches.map(Array.init)))
        #expect(log.all.flatMap { $0 } == Array(0..<4000))
    }

    @Test("B1 to B4: a doubler's consumer gets every event twice and in order, whichever is wired first")
    func doubler() throws {
        try underEachSchedule { clock in
            for (isConsumerFirst, minDemand) in [(true, 80), (false, 80), (true, 20), (false, 20)] {
                let log = Log<Int>()
                let handled = Log<[Int]>()
                try await withStages(clock: clock) { stages in
                    let numbers = stages.start { Counter(end: 300) }
                    let doubled = stages.start { Doubler(log: handled) }
                    let sink = stages.start { Collector(log: log) }
                    if isConsumerFirst { try await sink.subscribe(to: doubled, maxDemand: 100, minDemand: 50) }
                    try await doubled.subscribe(to: numbers, maxDemand: 100, minDemand: minDemand)
                    if !isConsumerFirst { try await sink.subscribe(to: doubled, maxDemand: 100, minDemand: 50) }
                }
                #expect(log.all == (0..<600).map { $0 / 2 })
                #expect(handled.all.first == Array(0..<100 - minDemand))
            }
        }
    }

    struct Drop: ProducerConsumer {
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] { [] }
    }

    @Test("B6: a stage that discards everything keeps going") func discarding() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 2000) }
                let none = stages.start { Drop() }
                let sink = stages.start { Collector(log: log) }
                try await none.subscribe(to: numbers, maxDemand: 100, minDemand: 80)
                try await sink.subscribe(to: none, maxDemand: 1)
            }
            #expect(log.all.isEmpty)
        }
    }

    @Test("F16, F18: a manual consumer gets what it asks for, and nothing for an ask of 0") func manual() throws {
        try underEachSchedule { clock in
            let probe = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 100) }
                let sink = stages.start { probe.stage() }
                try await sink.subscribe(to: numbers)
                stages.go()
                probe.ask(0)
                await settle(clock)
                #expect(probe.messages.isEmpty)
                probe.ask(50)
                await settle(clock)
                #expect(probe.messages == [Array(0..<50)])
                probe.ask(50)
                await settle(clock)
                #expect(probe.messages == [Array(0..<50), Array(50..<100)])
                probe.ask(1)
            }
        }
    }

    @Test func fewerThanAskedIsAskedAgainAtOnceAndNothingWaitsForASign() throws {
        try underEachSchedule { clock in
            let source = ProducerProbe<Int>()
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start(source)
                let to = stages.start(sink)
                try await to.subscribe(to: from)
                source.send([1, 2])
                sink.ask(5)
                stages.go()
                await settle(clock)
                #expect(source.demands == [5, 3], "It is called again for the rest, and then does not spin")
                try await from.perform { _ in }
                await settle(clock)
                #expect(source.demands == [5, 3, 3])
                from.wake()
                await settle(clock)
                #expect(source.demands == [5, 3, 3, 3])
                sink.ask(1)
                await settle(clock)
                #expect(source.demands == [5, 3, 3, 3, 4])
                source.finish()
            }
            #expect(sink.events == [1, 2])
        }
    }

    struct Generous: Producer {
        let log: Log<Int>
        var next = 0
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            guard next < 30 else { return nil }
            log.append([demand])
            defer { next += 10 }
            return Array(next..<next + 10)
        }
    }

    @Test("A9: surplus is kept, and lowers the next demand") func surplus() throws {
        try underEachSchedule { clock in
            let demands = Log<Int>()
            let probe = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { Generous(log: demands) }
                let to = stages.start { probe.stage() }
                try await to.subscribe(to: from)
                stages.go()
                for count in [4, 4, 5] {
                    probe.ask(count)
                    await settle(clock)
                }
                #expect(probe.messages.prefix(3) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
                #expect(probe.events == Array(0..<13))
                #expect(demands.all == [4, 3])
                probe.ask(100)
            }
            #expect(probe.events == Array(0..<30))
        }
    }

    @Test func aStageBetweenStopsWithItsConsumersDemandAndHoldsItsAskBack() throws {
        try underEachSchedule { clock in
            let handled = Log<[Int]>()
            let source = ProducerProbe<Int>()
            let probe = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { context in source.stage(context) }
                let doubled = stages.start { Doubler(log: handled) }
                let to = stages.start { probe.stage() }
                try await doubled.subscribe(to: from, maxDemand: 4, minDemand: 2)
                try await to.subscribe(to: doubled)
                source.send(Array(0..<20))
                stages.go()
                probe.ask(3)
                await settle(clock)
                #expect(handled.all == [[0, 1]], "It stops between the chunks of a message")
                #expect(source.demands == [4], "Nothing is asked for while its output does not fit")
                probe.ask(1)
                await settle(clock)
                #expect(handled.all == [[0, 1]])
                #expect(source.demands == [4, 2])
                source.finish()
                probe.ask(100)
            }
            #expect(probe.events == (0..<40).map { $0 / 2 })
        }
    }

    struct Stumbling: Consumer {
        let log: Log<[Int]>

        mutating func handleEvents(_ events: [Int]) async throws {
            log.append([events])
            if events.contains(5) { throw Broken() }
        }
    }

    @Test("A8: a consumer that fails in a message gets nothing more of it, and asks for nothing more")
    func failureInAMessage() throws {
        try underEachSchedule { clock in
            let (source, log) = (ProducerProbe<Int>(), Log<[Int]>())
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let from = stages.start(source)
                    let sink = stages.start { Stumbling(log: log) }
                    try await sink.subscribe(to: from, maxDemand: 9, minDemand: 6)
                    source.send(Array(0..<9))
                }
            }
            #expect(log.all == [[0, 1, 2], [3, 4, 5]])
            #expect(source.demands.allSatisfy { $0 == 9 || $0 == 3 } && source.demands.count <= 2)
        }
    }

    struct AskingFirst: ManualConsumer {
        let log: Log<[Int]>
        let subscriptions: Log<SubscriptionID>

        mutating func subscribed(_ subscription: ManualSubscription) async throws {
            subscriptions.append([subscription.id])
            subscription.ask(50)
        }

        mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
            log.append([events])
        }
    }

    @Test("F17, G4: a manual consumer is told of each subscription once, and asks there for the first time")
    func manualFromTheStart() throws {
        try underEachSchedule { clock in
            let (log, told) = (Log<[Int]>(), Log<SubscriptionID>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 50) }
                let sink = stages.start { AskingFirst(log: log, subscriptions: told) }
                let subscription = try await sink.subscribe(to: numbers)
                stages.go()
                await settle(clock)
                #expect(told.all == [subscription.id])
                #expect(log.all == [Array(0..<50)])
                // Its end is seen only when something more is wanted.
                subscription.cancel()
            }
        }
    }

    @Test func aManualConsumerIsToldOfASubscriptionBeforeAnyCallThatFollowsIt() throws {
        try underEachSchedule { clock in
            let (log, told) = (Log<[Int]>(), Log<SubscriptionID>())
            try await withStages(clock: clock) { stages in
                let sink = stages.start { AskingFirst(log: log, subscriptions: told) }
                for count in 1...3 {
                    let numbers = stages.start { Counter(end: 50) }
                    async let earlier: Void = sink.perform { _ in }
                    let subscription = try await sink.subscribe(to: numbers)
                    let seen = Log<SubscriptionID>()
                    async let notified: Void = sink.notify { _ in seen.append(told.all) }
                    #expect(try await sink.perform { _ in told.all.count } == count)
                    _ = try await (earlier, notified)
                    #expect(seen.all.last == subscription.id)
                }
                stages.drain()
            }
        }
    }

    @Test("B9: a stage between that leaves its producer still emits what it got, and then ends")
    func leavingWithoutDemand() throws {
        try underEachSchedule { clock in
            let (handled, sink) = (Log<[Int]>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter() }
                let doubled = stages.start { Doubler(log: handled) }
                let subscription = try await doubled.subscribe(to: numbers, maxDemand: 100, minDemand: 50)
                stages.go()
                await settle(clock)
                subscription.cancel()
                await settle(clock)
                #expect(handled.all.isEmpty)
                try await stages.start(sink).subscribe(to: doubled)
                sink.ask(1000)
                try await sink.expect((0..<200).map { $0 / 2 })
                try await sink.expectNothing()
            }
            #expect(handled.all.flatMap { $0 } == Array(0..<100))
        }
    }

    @Test("G7: what was delivered before a cancellation is handled, and nothing after it")
    func cancellingASubscriptionStillHandlesWhatWasDelivered() throws {
        try underEachSchedule { clock in
            let (slow, other) = (Log<Int>(), Log<Int>())
            let source = ProducerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { context in source.stage(context) }
                let leaving = stages.start { SlowSink(clock: clock, time: .seconds(1), log: slow) }
                let staying = stages.start { Collector(log: other) }
                let subscription = try await leaving.subscribe(to: from, maxDemand: 6, minDemand: 5)
                source.send(Array(0..<6))
                stages.go()
                await settle(clock)
                subscription.cancel()
                subscription.cancel()
                try await staying.subscribe(to: from)
                source.send([6, 7, 8])
                source.finish()
            }
            #expect(slow.all == Array(0..<6))
            #expect(other.all == [6, 7, 8])
        }
    }

    @Test("F6: a subscription to a finished stage gets what is held, and then the end")
    func aSubscriptionToAFinishedStageGetsWhatIsHeldAndThenTheEnd() throws {
        try underEachSchedule { clock in
            let demands = Log<Int>()
            let (first, second, third) = (ConsumerProbe<Int>(), Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let from = stages.start { Generous(log: demands, next: 20) }
                let to = stages.start { first.stage() }
                let subscription = try await to.subscribe(to: from)
                stages.go()
                first.ask(1)
                await settle(clock)
                subscription.cancel()
                let probe = stages.start { Collector(log: second) }
                try await probe.subscribe(to: from, maxDemand: 20)
                await settle(clock)
                let late = stages.start { Collector(log: third) }
                try await late.subscribe(to: from)
            }
            #expect(first.events == [20])
            #expect(second.all == Array(21..<30))
            #expect(third.all.isEmpty)
        }
    }

    /// A stage's value and what it refers to stay in its task: nothing of it has to be Sendable.
    @Test func aStageValueNeedNotBeSendable() throws {
        final class Total { var sum = 0 }
        struct Summing: ProducerConsumer {
            let total = Total()
            mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
                events.map { event in
                    total.sum += event
                    return total.sum
                }
            }
        }
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 4) }
                let sums = stages.start { Summing() }
                let sink = stages.start { Collector(log: log) }
                try await sums.subscribe(to: numbers)
                try await sink.subscribe(to: sums)
            }
            #expect(log.all == [0, 1, 3, 6])
        }
    }
}
