import SluiceTesting
import Testing

@testable import Sluice

@Suite struct EndOfInputTests {
    /// Keeps all but every third event, which brings out what was kept.
    struct Keeper: ProducerConsumer {
        var kept: [Int] = []
        let ends: Log<Int>
        var failure: Broken?

        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            kept += events
            guard kept.count >= 3 else { return [] }
            defer { kept = [] }
            return kept
        }

        mutating func handleEnd() async throws -> [Int] {
            ends.append([kept.count])
            if let failure { throw failure }
            return kept
        }
    }

    struct Closer: Consumer {
        let log: Log<Int>

        mutating func handleEvents(_ events: [Int]) async throws { log.append(events) }

        mutating func handleEnd() async throws { log.append([-1]) }
    }

    /// The same, by hand: asks for two events at a time.
    struct ManualKeeper: ManualProducerConsumer {
        var keeper: Keeper

        mutating func subscribed(_ subscription: ManualSubscription) async throws { subscription.ask(2) }

        mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws -> [Int] {
            subscription.ask(events.count)
            return try await keeper.handleEvents(events)
        }

        mutating func handleEnd() async throws -> [Int] { try await keeper.handleEnd() }
    }

    struct ManualCloser: ManualConsumer {
        let log: Log<Int>

        mutating func subscribed(_ subscription: ManualSubscription) async throws { subscription.ask(1) }

        mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
            log.append(events)
            subscription.ask(events.count)
        }

        mutating func handleEnd() async throws { log.append([-1]) }
    }

    @Test func manualStagesAreToldOfTheEndOnceAsWell() throws {
        try underEachSchedule { clock in
            let (log, ends) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 11) }
                let keeper = stages.start { ManualKeeper(keeper: Keeper(ends: ends)) }
                let closer = stages.start { ManualCloser(log: log) }
                try await keeper.subscribe(to: numbers)
                try await closer.subscribe(to: keeper)
            }
            #expect(log.all == Array(0..<11) + [-1])
            #expect(ends.all.count == 1)
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let keeper = stages.start { ManualKeeper(keeper: Keeper(ends: Log(), failure: Broken())) }
                    let closer = stages.start { ManualCloser(log: log) }
                    try await keeper.subscribe(to: stages.start { Counter(end: 1) })
                    try await closer.subscribe(to: keeper)
                }
            }
            #expect(log.all.filter { $0 == -1 }.count == 1)
        }
    }

    @Test func whatIsKeptIsEmittedLastAndEachStageIsToldOnce() throws {
        try underEachSchedule { clock in
            let (log, ends) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 11) }
                let more = stages.start { Counter(end: 0) }
                let keeper = stages.start { Keeper(ends: ends) }
                let closer = stages.start { Closer(log: log) }
                try await keeper.subscribe(to: numbers, maxDemand: 2, minDemand: 1)
                try await keeper.subscribe(to: more)
                try await closer.subscribe(to: keeper, maxDemand: 1)
            }
            #expect(log.all == Array(0..<11) + [-1])
            #expect(ends.all == [2])
        }
    }

    @Test func whatNobodyHasAskedForIsKeptUntilItIsWanted() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let keeper = stages.start { Keeper(kept: [7, 8], ends: Log()) }
                let to = stages.start { sink.stage() }
                try await keeper.subscribe(to: stages.start { Counter(end: 0) })
                try await to.subscribe(to: keeper)
                stages.go()
                await settle(clock)
                #expect(sink.events == [])
                sink.ask(1)
                await settle(clock)
                #expect(sink.events == [7])
                sink.ask(1)
            }
            #expect(sink.events == [7, 8])
        }
    }

    @Test func aDrainEndsTheInputToo() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let keeper = stages.start { Keeper(kept: [1], ends: Log()) }
                let closer = stages.start { Closer(log: log) }
                try await keeper.subscribe(to: stages.start { WaitingSource(clock: clock, answer: .rethrow) })
                try await closer.subscribe(to: keeper)
                stages.go()
                await settle(clock)
                stages.drain()
            }
            #expect(log.all == [1, -1])
        }
    }

    @Test func whoIsCancelledOrHasLostItsConsumersIsNotTold() throws {
        try underEachSchedule { clock in
            let (log, ends) = (Log<Int>(), Log<Int>())
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    let keeper = stages.start { Keeper(kept: [1], ends: ends) }
                    let closer = stages.start { Closer(log: log) }
                    try await keeper.subscribe(to: stages.start { WaitingSource(clock: clock, answer: .rethrow) })
                    try await closer.subscribe(to: keeper)
                    stages.go()
                    await settle(clock)
                    stages.cancel()
                }
            }
            try await withStages(clock: clock) { stages in
                let keeper = stages.start { Keeper(kept: [1], ends: ends) }
                try await keeper.subscribe(to: stages.start { Counter(end: 0) })
            }
            #expect(log.all == [] && ends.all == [])
        }
    }

    @Test func aFailureAtTheEndFailsTheGraph() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let keeper = stages.start { Keeper(ends: Log(), failure: Broken()) }
                    let closer = stages.start { Closer(log: Log()) }
                    try await keeper.subscribe(to: stages.start { Counter(end: 1) })
                    try await closer.subscribe(to: keeper)
                }
            }
        }
    }

    @Test func aTransformAppliesToWhatIsKept() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let keeper = stages.start { Keeper(ends: Log()).map { $0 * 10 }.filter { $0 != 30 } }
                let closer = stages.start { Closer(log: log) }
                try await keeper.subscribe(to: stages.start { Counter(end: 4) }, maxDemand: 1)
                try await closer.subscribe(to: keeper)
            }
            #expect(log.all == [0, 10, 20, -1])
        }
    }

    @Test func whileAStageGivesOutWhatItKeepsItTakesNoSubscription() {
        var machine = TestMachine(kind: .consumer)
        _ = machine.subscribe(.first, to: RecordingUpstream(), window: DemandWindow(min: 0, max: 1))
        _ = machine.producerEnded(.first, .finished)
        expect(machine.nextSummary() == "end")
        let isAccepted = machine.subscribe(.second, to: RecordingUpstream(), window: nil)
        expect(!isAccepted)
        expect(machine.perform(PerformRequest()) != nil)
        _ = machine.handled(emitting: nil)
        expect(machine.nextSummary() == "perform", "What is called meanwhile is not lost")
        expect(machine.nextSummary() == "deliver" && machine.isEnded)
    }
}
