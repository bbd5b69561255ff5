import SluiceTesting
import Testing

@testable import Sluice

/// When a graph begins, ends and fails, and what it refuses.
@Suite struct ScopeRuleTests {
    struct OtherFailure: Error {}

    struct FailingSource: Producer {
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? { throw Broken() }
    }

    private func failure(_ body: () async throws -> Void) async -> (any Error)? {
        do { try await body() } catch { return error }
        return nil
    }

    private func code(_ body: () async throws -> Void) async -> StageError.Code? {
        await (failure(body) as? StageError)?.code
    }

    @Test func sourcesDoNotRunBeforeTheBodyReturnsOrSaysSo() throws {
        try underEachSchedule { clock in
            let (first, second) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 10) }
                let sink = stages.start { Collector(log: first) }
                try await sink.subscribe(to: numbers, maxDemand: 5)
                await settle(clock)
                #expect(first.all.isEmpty)
                stages.go()
                await settle(clock)
                #expect(first.all == Array(0..<10))
                let late = stages.start { Counter(end: 3) }
                let other = stages.start { Collector(log: second) }
                try await other.subscribe(to: late)
                await settle(clock)
                #expect(second.all == [0, 1, 2], "A stage that is started later may run at once")
            }
        }
    }

    @Test func theFirstFailureIsWhatTheScopeThrowsAndWhatCallsGet() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start { FailingSource() }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                    stages.go()
                    await settle(clock)
                    let call = await failure { try await sink.perform { _ in } }
                    let subscription = await failure { _ = try await sink.subscribe(to: source) }
                    #expect(call is Broken && subscription is Broken)
                    try await clock.sleep(for: .seconds(1))
                    #expect(!Task.isCancelled, "The body's own waits go on")
                }
            }
        }
    }

    @Test func theBodysErrorWinsOverAnEarlierFailure() throws {
        try underEachSchedule { clock in
            await #expect(throws: OtherFailure.self) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start { FailingSource() }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                    stages.go()
                    await settle(clock)
                    throw OtherFailure()
                }
            }
        }
    }

    @Test func aBodyThatThrowsCancelsTheGraph() throws {
        try underEachSchedule { clock in
            await #expect(throws: OtherFailure.self) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start { WaitingSource(clock: clock, answer: .rethrow) }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                    stages.go()
                    throw OtherFailure()
                }
            }
            #expect(clock.now.offset < .seconds(1))
        }
    }

    @Test("G1: a value that cannot be made fails its stage") func aValueThatCannotBeMadeFailsItsStage() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    _ = stages.start { () async throws -> Counter in throw Broken() }
                    try await clock.sleep(for: .seconds(1))
                }
            }
        }
    }

    @Test("F1, F2: a subscription is accepted when its call returns; a consumer that has ended makes none")
    func acceptedOrNot() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let (numbers, none) = (stages.start { Counter(end: 1) }, stages.start { Counter(end: 0) })
                let (first, second) = (stages.start { Collector(log: Log<Int>()) }, ConsumerProbe<Int>())
                let one = try await first.subscribe(to: numbers)
                let ending = stages.start(second)
                let two = try await ending.subscribe(to: none)
                #expect(one.id != two.id)
                #expect(stages.snapshot().edges.map(\.subscription) == [one.id.number, two.id.number])
                stages.go()
                second.ask(1)
                try await second.expectFinish()
                #expect(await code { _ = try await ending.subscribe(to: numbers) } == .stageEnded)
            }
        }
    }

    @Test func afterTheScopeEverythingIsClosed() throws {
        try underEachSchedule { clock in
            let kept = try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 1) }
                return (stages, numbers, stages.start { Collector(log: Log<Int>()) })
            }
            let (stages, numbers, sink) = kept
            let late = stages.start { Collector(log: Log<Int>()) }
            let codes = [
                await code { _ = try await sink.subscribe(to: numbers) },
                await code { _ = try await late.subscribe(to: numbers) },
                await code { try await late.perform { _ in } },
            ]
            #expect(codes == [.closed, .closed, .stageEnded])
        }
    }

    @Test func aStageDoesNotSubscribeToItselfOrToAnotherGraph() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let outer = stages.start { Counter(end: 1) }
                let own = stages.start { Multiplier(factor: 1) }
                let inner = await code {
                    try await withStages(clock: clock) { stages in
                        _ = try await stages.start { Collector(log: Log<Int>()) }.subscribe(to: outer)
                    }
                }
                let itself = await code { _ = try await own.subscribe(to: own) }
                #expect(inner == .otherGraph && itself == .selfSubscription)
            }
        }
    }

    @Test(
        "F3: an impossible window is refused",
        arguments: [(0, 0), (-1, 0), (10, 10), (10, -1), (10, 2000), (.max, 0)]
    )
    func badWindow(max: Int, min: Int) throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 1) }
                let sink = stages.start { Collector(log: Log<Int>()) }
                let found = await code { _ = try await sink.subscribe(to: numbers, maxDemand: max, minDemand: min) }
                #expect(found == .badWindow)
            }
        }
    }

    @Test func aCancelledScopeThrowsCancellationAndDropsWhatIsInside() throws {
        try underEachSchedule { clock in
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start { Counter() }
                    let sink = stages.start { SlowSink(clock: clock, time: .seconds(60), log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                    stages.go()
                    await settle(clock)
                    stages.cancel()
                }
            }
            #expect(clock.now.offset < .seconds(60))
        }
    }

    @Test func aStageThatIsCancelledBeforeItBeginsIsNeverMade() throws {
        try underEachSchedule { clock in
            let made = Log<Int>()
            _ = try? await withStages(clock: clock) { stages in
                stages.cancel()
                _ = stages.start { () -> Counter in
                    made.append([1])
                    return Counter()
                }
            }
            #expect(made.all.isEmpty)
        }
    }
}
