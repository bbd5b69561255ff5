import SluiceTesting
import Testing

@testable import Sluice

/// How a piece of code fails; nil if it does not.
func failure(_ body: () async throws -> Void) async -> (any Error)? {
    do { try await body() } catch { return error }
    return nil
}

@Suite struct StageEventsTests {
    @Test func itAsksForAWindowAndThenOnlyForWhatTheLoopHasTaken() throws {
        try underEachSchedule { clock in
            let source = ProducerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { context in source.stage(context) }
                source.send(Array(0..<100))
                await settle(clock)
                #expect(source.demands.isEmpty)
                var events = try stages.events(from: from, maxDemand: 4, minDemand: 1).makeAsyncIterator()
                await settle(clock)
                #expect(source.demands.isEmpty, "Nothing happens before the loop begins")
                for count in 1...3 {
                    #expect(try await events.next() == count - 1)
                    await settle(clock)
                    #expect(source.demands == [4])
                }
                #expect(try await events.next() == 3)
                await settle(clock)
                #expect(source.demands == [4, 3], "It came back for what follows the first chunk")
                #expect(try await events.next() == 4)
                _ = events
            }
        }
    }

    @Test func severalStagesMergeAndTheLoopEndsWithTheLast() throws {
        try underEachSchedule { clock in
            let third = PushSource<Int>(capacity: 1)
            try await withStages(clock: clock) { stages in
                let even = stages.start { Counter(end: 50).map { $0 * 2 } }
                let odd = stages.start { Multiplier(factor: 2) }
                try await odd.subscribe(to: stages.start { Counter(end: 30) })
                let pushed = stages.start(from: third)
                let events = try stages.events(from: even, maxDemand: 3)
                    .merging(odd.self, maxDemand: 7, minDemand: 6)
                    .merging(pushed, maxDemand: 1)
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        for number in 1000..<1010 { try await third.send(number) }
                        try await clock.sleep(for: .seconds(1))
                        third.finish()
                    }
                    var seen: [Int] = []
                    for try await event in events { seen.append(event) }
                    #expect(clock.now.offset >= .seconds(1))
                    #expect(seen.filter { $0 >= 1000 } == Array(1000..<1010))
                    let rest = ((0..<50).map { $0 * 2 } + (0..<30).map { $0 * 2 }).sorted()
                    #expect(seen.filter { $0 < 1000 }.sorted() == rest)
                }
            }
        }
    }

    @Test func aStageThatHasFinishedDoesNotEndTheLoopForTheOthers() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let empty = stages.start { Counter(end: 0) }
                stages.go()
                await settle(clock)
                let taken1 = try await first(1, of: try stages.events(from: empty))
                #expect(taken1 == [])
                let numbers = stages.start { Counter(end: 5) }
                let merged = try stages.events(from: empty).merging(numbers)
                let taken2 = try await first(9, of: merged)
                #expect(taken2 == [0, 1, 2, 3, 4])
            }
        }
    }

    @Test func cancellingTheLoopsTaskEndsItAndTheSubscription() throws {
        try underEachSchedule { clock in
            let source = ProducerProbe<Int>()
            let seen = Log<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { context in source.stage(context) }
                let events = try stages.events(from: from, maxDemand: 10)
                source.send([1, 2])
                await withTaskGroup { group in
                    group.addTask {
                        let end = await failure { for try await event in events { seen.append([event]) } }
                        #expect(end is CancellationError)
                    }
                    await settle(clock)
                    #expect(seen.all == [1, 2])
                    #expect(from.demand == 8)
                    group.cancelAll()
                }
                await settle(clock)
                #expect(from.demand == 0, "The subscription's demand is gone")
            }
        }
    }

    @Test func aCancelledLoopOverAnEndlessStageEnds() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let from = stages.start { Counter() }
                let events = try stages.events(from: from, maxDemand: 1000)
                let count = Log<Int>()
                await withTaskGroup { group in
                    group.addTask {
                        let end = await failure {
                            for try await event in events {
                                count.append([event])
                                if event == 3 { withUnsafeCurrentTask { $0?.cancel() } }
                            }
                        }
                        #expect(end is CancellationError)
                    }
                }
                #expect(count.all == [0, 1, 2, 3], "Nothing is seen after the cancellation, of the same chunk neither")
            }
        }
    }

    @Test func leavingTheLoopForgetsItsDemandAndTheBodyGoesOn() throws {
        try underEachSchedule { clock in
            let source = ProducerProbe<Int>()
            let probe = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let from = stages.start { context in source.stage(context) }
                source.send([1, 2, 3])
                let taken3 = try await first(2, of: try stages.events(from: from, maxDemand: 10))
                #expect(taken3 == [1, 2])
                await settle(clock)
                #expect(from.demand == 0)
                let to = stages.start { probe.stage() }
                try await to.subscribe(to: from)
                probe.ask(5)
                source.send([4])
                source.finish()
            }
            #expect(probe.events.last == 4)
        }
    }

    @Test func aFailureElsewhereEndsAWaitingLoopWithTheFirstCause() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let silent = stages.start { WaitingSource(clock: clock, answer: .rethrow) }
                    let failing = stages.start { Failing() }
                    let numbers = stages.start { Counter() }
                    try await failing.subscribe(to: numbers)
                    #expect(await failure { for try await _ in try stages.events(from: silent) {} } is Broken)
                    #expect(await failure { for try await _ in try stages.events(from: silent) {} } is Broken)
                }
            }
            #expect(clock.now.offset < .seconds(1))
        }
    }

    @Test func cancellingTheGraphEndsAWaitingLoop() throws {
        try underEachSchedule { clock in
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    let silent = stages.start { WaitingSource(clock: clock, answer: .rethrow) }
                    let events = try stages.events(from: silent)
                    await withTaskGroup { group in
                        group.addTask {
                            let end = await failure { for try await _ in events {} }
                            #expect(end is CancellationError)
                        }
                        await settle(clock)
                        stages.cancel()
                    }
                }
            }
            #expect(clock.now.offset < .seconds(1))
        }
    }

    @Test func aDrainLetsTheLoopSeeEverythingThatWasEmitted() throws {
        try underEachSchedule { clock in
            let emitted = Log<Int>()
            let seen = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter().tap { emitted.append([$0]) } }
                for try await number in try stages.events(from: numbers, maxDemand: 10) {
                    seen.append([number])
                    if number == 25 { stages.drain() }
                }
            }
            #expect(seen.all == emitted.all && seen.all.count >= 26)
        }
    }

    @Test func severalLoopsOverTheSameEventsShareThem() throws {
        try underEachSchedule { clock in
            let seen = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 60) }
                let events = try stages.events(from: numbers, maxDemand: 4)
                try await withThrowingTaskGroup { group in
                    for _ in 0..<3 {
                        group.addTask { for try await event in events { seen.append([event]) } }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(seen.all.sorted() == Array(0..<60))
        }
    }

    @Test func whatTheLoopLeavesBehindIsFreedAtOnce() throws {
        try underEachSchedule { clock in
            let count = LifetimeTests.Count()
            try await withStages(clock: clock) { stages in
                let tokens = stages.start { SequenceSource(0...).map { _ in LifetimeTests.Token(count) } }
                for try await _ in try stages.events(from: tokens, maxDemand: 10) {
                    await settle(clock)
                    #expect(count.value == 10)
                    break
                }
                await settle(clock)
                #expect(count.value == 0)
            }
        }
    }

    @Test func nothingOfALoopOutlivesTheGraph() throws {
        final class Token: Sendable {}
        try underEachSchedule { clock in
            weak var scope: ScopeStorage?
            weak var token: Token?
            try await withStages(clock: clock) { stages in
                scope = stages.scope
                let tokens = stages.start { SequenceSource(0..<100).map { _ in Token() } }
                for try await event in try stages.events(from: tokens, maxDemand: 10) {
                    token = event
                    break
                }
            }
            #expect(token == nil && scope == nil)
        }
    }

    @Test func onRealThreadsALoopSeesEverything() async throws {
        try await withStages { stages in
            let numbers = stages.start { Counter(end: 100_000) }
            let doubled = stages.start { Multiplier(factor: 2) }
            try await doubled.subscribe(to: numbers)
            var next = 0
            for try await number in try stages.events(from: doubled, maxDemand: 50) {
                #expect(number == next)
                next += 2
            }
            #expect(next == 200_000)
        }
    }
}
