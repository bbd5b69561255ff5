import Sluice
import SluiceTesting
import Testing

/// What GenStage does wrong, W1 to W18, as far as it has no place among the tests of what is right: see SCENARIOS.md.
@Suite struct WeaknessTests {
    /// Passes events on, and tells which.
    struct Relay: ProducerConsumer {
        var log: Log<Int>?

        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            log?.append(events)
            return events
        }
    }

    @Test("W2: a consumer that comes back with a smaller ask gets what is kept, at once")
    func smallerAsk() throws {
        try underEachSchedule { clock in
            let (first, second, gate) = (ConsumerProbe<Int>(), ConsumerProbe<Int>(), Gate())
            try await withStages(clock: clock) { stages in
                let source = stages.start { BufferRuleTests.GatedSource(gate: gate) }
                let subscription = try await stages.start(first).subscribe(to: source)
                stages.go()
                first.ask(8)
                try await first.expectNothing()
                subscription.cancel()
                try await first.expectNothing()
                gate.open()
                try await stages.start(second).subscribe(to: source)
                second.ask(3)
                try await second.expect([1, 2, 3])
                try await second.expectNothing()
                second.ask(6)
                try await second.expect([4, 5, 6, 7, 8])
                try await second.expectFinish()
            }
        }
    }

    @Test("W3, F9, J18: a stage that subscribes twice has two subscriptions, and they end one by one")
    func subscribedTwice() throws {
        try underEachSchedule { clock in
            let (source, twice, once) = (ProducerProbe<Int>(), Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let from = stages.start(dispatcher: BroadcastDispatcher()) { source.stage($0) }
                let both = stages.start { Collector(log: twice) }
                let other = stages.start { Collector(log: once) }
                try await both.subscribe(to: from, as: .init())
                let second = try await both.subscribe(to: from, as: .init())
                try await other.subscribe(to: from, as: .init())
                stages.go()
                source.send([1])
                await settle(clock)
                #expect(twice.all == [1, 1] && once.all == [1])
                second.cancel()
                await settle(clock)
                source.send([2])
                source.finish()
            }
            #expect(twice.all == [1, 1, 2] && once.all == [1, 2])
        }
    }

    @Test("W8: what a stage does can be read, of every kind of stage and in a pause")
    func reading() throws {
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let from = stages.start(source)
                let relay = stages.start { Relay() }
                try await relay.subscribe(to: from)
                try await stages.start(sink).subscribe(to: relay)
                stages.go()
                relay.pause()
                await settle(clock)
                #expect(stages.snapshot().stages.map(\.activity) == [.waitingForEvents, .paused, .waitingForEvents])
                #expect(relay.demand == 0)
                relay.resume()
                sink.ask(1)
                await settle(clock)
                #expect(relay.demand == 1)
                source.finish()
            }
        }
    }

    @Test("W12: a stage between sees its producer's end and failure although nobody wants its events")
    func endWithoutDemand() throws {
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let (from, relay) = (stages.start(source), stages.start { Relay() })
                try await relay.subscribe(to: from)
                try await stages.start(sink).subscribe(to: relay)
                stages.go()
                source.finish()
                try await sink.expectFinish()
            }
        }
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let (from, relay) = (stages.start(source), stages.start { Relay() })
                    try await relay.subscribe(to: from)
                    try await stages.start(sink).subscribe(to: relay)
                    stages.go()
                    source.send([1])
                    try await source.expectDemand(999)
                    source.fail(Broken())
                    try await sink.expectFailure()
                }
            }
        }
    }

    @Test("W12: what a stage between has received goes before its producer's end")
    func eventsBeforeTheEnd() throws {
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let (from, relay) = (stages.start(source), stages.start { Relay() })
                try await relay.subscribe(to: from)
                try await stages.start(sink).subscribe(to: relay)
                stages.go()
                source.send([1, 2, 3])
                source.finish()
                try await sink.expectNothing()
                sink.ask(2)
                try await sink.expect([1, 2])
                sink.ask(1)
                try await sink.expect([3])
                try await sink.expectFinish()
            }
        }
    }

    @Test("W13: a subscription that cannot be made throws, and the graph does not run without it")
    func impossibleSubscription() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            let error = await #expect(throws: StageError.self) {
                try await withStages(clock: clock) { stages in
                    let numbers = stages.start { Counter() }
                    let sink = stages.start { Collector(log: log) }
                    let other = stages.start { Collector(log: log) }
                    try await sink.subscribe(to: numbers)
                    try await other.subscribe(to: numbers, maxDemand: 0)
                }
            }
            #expect(error?.code == .badWindow && log.all.isEmpty)
        }
    }

    @Test("W14: an ask for less than nothing stops the program")
    func negativeAsk() async {
        await #expect(processExitsWith: .failure) {
            let sink = ConsumerProbe<Int>()
            // Only the ask itself may end this process.
            try? await withStages { stages in
                let numbers = stages.start { Counter() }
                try await stages.start(sink).subscribe(to: numbers)
                stages.go()
                sink.ask(1)
                try await sink.expect([0])
                sink.ask(-1)
                stages.cancel()
            }
        }
    }

    @Test("W15: a stage between takes no more than its window when its consumer has left with unmet demand")
    func consumerLeaves() throws {
        try underEachSchedule { clock in
            let (source, handled) = (ProducerProbe<Int>(), Log<Int>())
            let (first, second) = (ConsumerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let (from, relay) = (stages.start(source), stages.start { Relay(log: handled) })
                try await relay.subscribe(to: from, maxDemand: 10)
                let subscription = try await stages.start(first).subscribe(to: relay)
                stages.go()
                first.ask(1000)
                try await source.expectDemand(10)
                subscription.cancel()
                try await first.expectNothing()
                source.send(Array(0..<5000))
                try await source.expectDemand(0)
                await settle(clock)
                // Once for nothing, and once for ten.
                #expect(source.demands == [10, 10] && handled.all.isEmpty)
                try await stages.start(second).subscribe(to: relay)
                second.ask(3)
                try await second.expect([0, 1, 2])
                await settle(clock)
                #expect(handled.all.count <= 10)
                second.ask(10_000)
                try await second.expect(Array(3..<5000))
                source.finish()
            }
        }
    }

    @Test("W16: a stage between goes on although its dispatcher discards most of what it emits")
    func discardingPartitions() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 500) }
                let relay = stages.start(
                    dispatcher: PartitionDispatcher(keys: [0]) { $0 % 10 == 0 ? .to(0) : .discard }
                ) { Relay() }
                try await relay.stage.subscribe(to: numbers, maxDemand: 4)
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: relay, as: 0, maxDemand: 2)
            }
            #expect(log.all == (0..<50).map { $0 * 10 })
        }
    }

    /// Takes one subscription at most, and tells which ones it was told of.
    struct Exclusive: Dispatcher {
        let told: Log<String>
        private var inner = DemandDispatcher<Int>()
        private var isTaken = false

        init(_ told: Log<String>) {
            self.told = told
        }

        var capacity: Int { inner.capacity }

        mutating func subscribed(_ subscription: SubscriptionID, options: Void) throws {
            if isTaken { throw StageError(.refused, "One is enough") }
            isTaken = true
            told.append(["subscribed \(subscription)"])
            inner.subscribed(subscription, options: ())
        }

        mutating func asked(_ count: Int, by subscription: SubscriptionID) {
            inner.asked(count, by: subscription)
        }

        mutating func cancelled(_ subscription: SubscriptionID) {
            told.append(["cancelled \(subscription)"])
            inner.cancelled(subscription)
        }

        mutating func dispatch(_ events: inout Events<Int>, _ place: (consuming Placement<Int>) -> Void) {
            inner.dispatch(&events, place)
        }
    }

    @Test("W17: a dispatcher never hears again of a subscription that it has refused")
    func refusedSubscription() throws {
        try underEachSchedule { clock in
            let (log, told) = (Log<Int>(), Log<String>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: Exclusive(told)) { Counter(end: 20) }
                let sink = stages.start { Collector(log: log) }
                let refused = stages.start { Collector(log: log) }
                try await sink.subscribe(to: numbers, maxDemand: 3)
                let error = await #expect(throws: StageError.self) { try await refused.subscribe(to: numbers) }
                #expect(error?.code == .refused)
            }
            #expect(log.all == Array(0..<20))
            #expect(told.all == ["subscribed #0", "cancelled #0"])
        }
    }

    /// Makes seven events of one, when a gate opens.
    struct Multiplying: ProducerConsumer {
        let gate: Gate

        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            await gate.wait()
            return events.flatMap { Array($0..<$0 + 7) }
        }
    }

    @Test("W18: what a stage keeps stays in order, whoever comes and goes while it cannot be delivered")
    func orderOfWhatIsKept() throws {
        try underEachSchedule { clock in
            let (source, gate) = (ProducerProbe<Int>(), Gate())
            let (first, silent) = (ConsumerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let from = stages.start(source)
                let many = stages.start(dispatcher: BroadcastDispatcher()) { Multiplying(gate: gate) }
                try await many.stage.subscribe(to: from, maxDemand: 1)
                try await stages.start(first).subscribe(to: many, as: .init())
                stages.go()
                first.ask(10)
                source.send([1])
                try await first.expectNothing()
                // The handler runs for the first one's demand; now somebody comes who wants nothing.
                let holdsUp = try await stages.start(silent).subscribe(to: many, as: .init())
                gate.open()
                try await first.expectNothing()
                for _ in 0..<4 {
                    let passing = ConsumerProbe<Int>()
                    let subscription = try await stages.start(passing).subscribe(to: many, as: .init())
                    passing.ask(2)
                    try await first.expectNothing()
                    subscription.cancel()
                    try await passing.expectNothing()
                }
                #expect(stages.snapshot().stages[1].buffered == 7)
                holdsUp.cancel()
                try await first.expect(Array(1...7))
                source.finish()
                try await first.expectFinish()
            }
        }
    }
}
