import SluiceTesting
import Testing

@testable import Sluice

/// Fused and started transforms, which never spin on what they leave out.
@Suite struct TransformTests {
    /// Everything that the stage which is made here emits.
    private func output<S: Producer>(
        maxDemand: Int = 10,
        _ make: @escaping @Sendable () -> S
    ) throws -> [S.Output] where S.Output: Equatable {
        var outputs: [[S.Output]] = []
        for seed in UInt64(0)..<5 {
            let log = Log<S.Output>()
            try DeterministicExecutor(seed: seed).run {
                try await withStages { stages in
                    let source = stages.start { make() }
                    let sink = stages.start { Collector(log: log) }
                    try await sink.subscribe(to: source, maxDemand: maxDemand)
                }
            }
            outputs.append(log.all)
        }
        #expect(outputs.allSatisfy { $0 == outputs[0] })
        return outputs[0]
    }

    private func output<S: ProducerConsumer>(
        of numbers: Range<Int>,
        _ make: @escaping @Sendable () -> S
    ) throws -> [S.Output] where S.Input == Int, S.Output: Equatable {
        let log = Log<S.Output>()
        try DeterministicExecutor(seed: 7).run {
            try await withStages { stages in
                let source = stages.start { SequenceSource(numbers) }
                let between = stages.start { make() }
                let sink = stages.start { Collector(log: log) }
                try await between.subscribe(to: source, maxDemand: 7)
                try await sink.subscribe(to: between, maxDemand: 3)
            }
        }
        return log.all
    }

    @Test func eachTransformOfAProducer() throws {
        #expect(try output { Counter(end: 30).map { "\($0)" } } == (0..<30).map { "\($0)" })
        #expect(try output { Counter(end: 30).filter { $0 % 3 == 0 } } == (0..<30).filter { $0 % 3 == 0 })
        #expect(try output { Counter(end: 30).flatMap { [$0, $0] } } == (0..<60).map { $0 / 2 })
        let odd = try output { Counter(end: 30).compactMap { $0 % 2 == 0 ? nil : "\($0)" } }
        #expect(odd == (0..<30).filter { $0 % 2 == 1 }.map { "\($0)" })
        let shown = Log<Int>()
        #expect(try output { Counter(end: 30).tap { shown.append([$0]) } } == Array(0..<30))
        #expect(shown.all.prefix(30) == Array(0..<30)[...])
    }

    @Test func transformsAreAppliedInTheirOrderAndFormOneStage() throws {
        let events = try output {
            Counter(end: 100)
                .map { $0 + 1 }
                .filter { $0 % 2 == 0 }
                .flatMap { [$0, -$0] }
                .compactMap { (number: Int) in number > 50 ? number : nil }
        }
        #expect(events == Array(stride(from: 52, through: 100, by: 2)))
        let stage = Counter().map { "\($0)" }.filter { !$0.isEmpty }
        func isProducer(_ stage: some Producer<String>) -> Bool { true }
        #expect(isProducer(stage))
    }

    @Test func eachTransformOfAStageBetween() throws {
        let twice = Multiplier(factor: 2)
        let events = try output(of: 0..<50) {
            twice
                .map { $0 + 1 }
                .filter { $0 % 3 == 0 }
                .flatMap { [$0, -$0] }
                .compactMap { (number: Int) in number > 9 ? "\(number)" : nil }
        }
        #expect(events == stride(from: 15, to: 100, by: 6).map { "\($0)" })
        let shown = Log<Int>()
        #expect(try output(of: 0..<5) { twice.tap { shown.append([$0]) } } == [0, 2, 4, 6, 8])
        #expect(shown.all == [0, 2, 4, 6, 8])
    }

    @Test func readyMadeStages() throws {
        #expect(try output(of: 0..<40) { Map { (number: Int) in "\(number)" } } == (0..<40).map { "\($0)" })
        #expect(try output(of: 0..<40) { Filter { (number: Int) in number > 30 } } == Array(31..<40))
        #expect(try output(of: 0..<40) { FlatMap { (number: Int) in [number, number] } } == (0..<80).map { $0 / 2 })
        let shown = Log<Int>()
        #expect(try output(of: 0..<40) { Tap { (number: Int) in shown.append([number]) } } == Array(0..<40))
        #expect(shown.all == Array(0..<40))
    }

    @Test func aFilterCallsItsBaseAgainUntilSomethingIsLeftOrThereIsNothing() throws {
        try underEachSchedule { clock in
            let source = ProducerProbe<Int>()
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { context in source.stage(context).filter { $0 > 5 } }
                let to = stages.start { sink.stage() }
                try await to.subscribe(to: from)
                source.send(Array(0..<8))
                sink.ask(2)
                stages.go()
                await settle(clock)
                #expect(source.demands == [2, 2, 2, 2], "What was dropped used up no demand")
                #expect(sink.messages == [[6, 7]])
                source.send([1, 2, 3])
                sink.ask(3)
                await settle(clock)
                #expect(source.demands == [2, 2, 2, 2, 3, 3], "The base has nothing, and is called when it is woken")
                source.send([9])
                await settle(clock)
                #expect(source.demands == [2, 2, 2, 2, 3, 3, 3, 2])
                source.finish()
            }
            #expect(sink.events == [6, 7, 9])
        }
    }

    @Test(arguments: [true, false]) func aFilterThatLeavesNothingOfAnEndlessBaseCanBeStopped(drains: Bool) throws {
        try underEachSchedule { clock in
            let seen = Log<Int>()
            do {
                try await withStages(clock: clock) { stages in
                    let none = stages.start { Counter().tap { seen.append([$0]) }.filter { _ in false } }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: none, maxDemand: 1)
                    stages.go()
                    await until { seen.all.count > 5 }
                    if drains { stages.drain() } else { stages.cancel() }
                }
                #expect(drains)
            } catch {
                #expect(!drains && error is CancellationError)
            }
        }
    }

    @Test func whatAnInterruptedBaseReturnsIsTransformedAndDelivered() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start {
                    WaitingSource(clock: clock, answer: .lastEvents([7, 8])).filter { $0 > 7 }
                }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source)
                stages.go()
                await settle(clock)
                stages.drain()
            }
            #expect(log.all == [8])
        }
    }

    @Test func surplusOfAFlatMapIsKept() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { Counter(end: 4).flatMap { Array(repeating: $0, count: 3) } }
                let to = stages.start { sink.stage() }
                try await to.subscribe(to: from)
                stages.go()
                sink.ask(2)
                await settle(clock)
                #expect(sink.events == [0, 0])
                sink.ask(100)
            }
            #expect(sink.events == (0..<12).map { $0 / 3 })
        }
    }

    @Test func aThrowingTransformFailsTheGraph() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let from = stages.start { Counter().map { if $0 == 20 { throw Broken() } else { $0 } } }
                    let to = stages.start { Collector(log: Log<Int>()) }
                    try await to.subscribe(to: from, maxDemand: 8)
                }
            }
        }
    }

    @Test func performReachesTheBase() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { Counter(end: 100).map { -$0 } }
                let to = stages.start { sink.stage() }
                try await to.subscribe(to: from)
                stages.go()
                try await from.perform { $0.base.next = 50 }
                sink.ask(2)
                await settle(clock)
                #expect(sink.events == [-50, -51])
                sink.ask(100)
            }
        }
    }
}
