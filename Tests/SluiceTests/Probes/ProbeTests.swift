import Sluice
import SluiceTesting
import Testing

@Suite struct ProbeTests {
    /// A stage between two probes, wired and running.
    private func underTest<S: ProducerConsumer>(
        _ make: @escaping @Sendable () -> S,
        maxDemand: Int = 10,
        _ body: @escaping @Sendable (ProducerProbe<S.Input>, ConsumerProbe<S.Output>) async throws -> Void
    ) throws {
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<S.Input>(), ConsumerProbe<S.Output>())
            try await withStages(clock: clock) { stages in
                let from = stages.start(source)
                let stage = stages.start { make() }
                let to = stages.start(sink)
                try await stage.subscribe(to: from, maxDemand: maxDemand)
                try await to.subscribe(to: stage)
                stages.go()
                try await body(source, sink)
            }
        }
    }

    @Test func aStageIsTestedAlone() throws {
        try underTest({ Multiplier(factor: 3) }) { source, sink in
            try await source.expectDemand(10)
            source.send([1, 2])
            try await sink.expectNothing()
            sink.ask(3)
            try await sink.expect([3, 6])
            try await source.expectDemand(8)
            source.send([3, 4])
            try await sink.expect([9])
            try await sink.expectNothing()
            sink.ask(1)
            #expect(try await sink.next(1) == [12])
            source.finish()
            try await sink.expectFinish()
        }
    }

    @Test func aFailureIsSeenByTheConsumer() throws {
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let from = stages.start(source)
                    let to = stages.start(sink, as: "sink")
                    #expect(to.name == "sink")
                    try await to.subscribe(to: from)
                    stages.go()
                    sink.ask(2)
                    source.send([1])
                    try await sink.expect([1])
                    source.fail(Broken())
                    #expect(try await sink.expectFailure() is Broken)
                }
            }
        }
    }

    struct Late: ProducerConsumer {
        let clock: TestClock
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            try await clock.sleep(for: .seconds(5))
            return events
        }
    }

    @Test func anExpectationLetsTimePassAndNothingDoesNot() throws {
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let from = stages.start(source)
                let late = stages.start { Late(clock: clock) }
                let to = stages.start(sink)
                try await late.subscribe(to: from)
                try await to.subscribe(to: late)
                sink.ask(1)
                source.send([1])
                stages.go()
                try await sink.expectNothing()
                #expect(clock.now.offset == .zero)
                try await sink.expectNothing(for: .seconds(4))
                #expect(clock.now.offset == .seconds(4))
                await #expect(throws: ProbeFailure.self) { try await sink.expect([1], within: .milliseconds(500)) }
                try await sink.expect([1])
                #expect(clock.now.offset == .seconds(5))
                source.finish()
            }
        }
    }

    /// What is said when an expectation is not met, by which one.
    @Test func anUnmetExpectationSaysWhatCameAndWhere() throws {
        try underTest({ Multiplier(factor: 2) }) { source, sink in
            source.send([1, 2])
            sink.ask(5)
            let line = #line + 1
            let first = await failure { try await sink.expect([2, 5]) }
            #expect(first == "SluiceTests/ProbeTests.swift:\(line): expected [2, 5], got [2, 4]")
            #expect(await failure { try await sink.expect([6]) }?.hasSuffix("expected [6], got nothing") == true)
            source.send([3])
            #expect(await failure { try await sink.expectNothing() }?.hasSuffix("expected nothing, got [6]") == true)
            #expect(await failure { try await sink.expectFinish() }?.hasSuffix("expected the end, got [6]") == true)
            #expect(await failure { try await sink.next(2) }?.hasSuffix("expected 2 events, got [6]") == true)
            #expect(await failure { try await sink.expectFailure() }?.hasSuffix("got nothing") == true)
            #expect(
                await failure { try await source.expectDemand(3) }?.hasSuffix("expected a demand of 3, got 7") == true
            )
            source.finish()
            #expect(await failure { try await sink.expectFailure() }?.hasSuffix("got the end") == true)
            #expect(await failure { try await sink.expect([8]) }?.hasSuffix("got the end") == true)
        }
    }

    private func failure(_ body: () async throws -> Any) async -> String? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? ProbeFailure)?.description
        }
    }

    @Test func anEndByAFailureIsNoFinish() throws {
        try underEachSchedule { clock in
            let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let from = stages.start(source)
                    let to = stages.start(sink)
                    try await to.subscribe(to: from)
                    stages.go()
                    sink.ask(1)
                    source.fail(Broken())
                    let text = await failure { try await sink.expectFinish() }
                    #expect(text?.hasSuffix("expected the end, got the failure Broken()") == true)
                }
            }
        }
    }

    @Test func aProbeThatWasNotStartedByItselfSaysSo() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                _ = stages.start { sink.stage() }
                #expect(await failure { try await sink.expectFinish() }?.contains("stages.start(probe)") == true)
            }
        }
    }

    @Test func aStageThatIsCancelledBeforeItBeginsHasEnded() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    _ = stages.start(sink)
                    stages.cancel()
                    try await sink.expectFinish()
                }
            }
        }
    }

    @Test func expectationsWorkOnTheRealExecutor() async throws {
        let (source, sink) = (ProducerProbe<Int>(), ConsumerProbe<Int>())
        try await withStages { stages in
            let from = stages.start(source)
            let doubled = stages.start { Multiplier(factor: 2) }
            let to = stages.start(sink)
            try await doubled.subscribe(to: from, maxDemand: 4)
            try await to.subscribe(to: doubled)
            stages.go()
            try await source.expectDemand(4)
            sink.ask(3)
            source.send([1, 2, 3, 4])
            try await sink.expect([2, 4, 6])
            try await sink.expectNothing(for: .milliseconds(1))
            #expect(await failure { try await sink.expectNothing() }?.contains("DeterministicExecutor") == true)
            sink.ask(1)
            try await sink.expect([8])
            source.finish()
            try await sink.expectFinish()
        }
    }

    @Test func aLimitOnTheRealExecutorIsAnInjectedClocks() async throws {
        let clock = TestClock()
        let sink = ConsumerProbe<Int>(clock: clock)
        async let text = failure { try await sink.expect([1], within: .seconds(3600)) }
        while !clock.advanceToNextSleeper() { await Task.yield() }
        #expect(await text?.hasSuffix("expected [1], got nothing") == true)
        #expect(clock.now.offset == .seconds(3600))
    }

    @Test func aCancelledExpectationThrows() async throws {
        let sink = ConsumerProbe<Int>(clock: TestClock())
        let task = Task { try await sink.expect([1]) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
