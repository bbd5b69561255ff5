import SluiceTesting
import Testing

@testable import Sluice

/// GenStage's scenarios I.
@Suite struct StreamScenarioTests {
    @Test("I1: ten of an endless stage, with the default demand") func take() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter() }
                let taken = try await first(10, of: try stages.events(from: numbers))
                #expect(taken == Array(0..<10))
            }
        }
    }

    @Test("I2: more than the window") func takeMore() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter() }
                let taken = try await first(300, of: try stages.events(from: numbers, maxDemand: 100))
                #expect(taken == Array(0..<300))
            }
        }
    }

    @Test("I4: a loop that begins when the graph is ending throws") func endingGraph() throws {
        try underEachSchedule { clock in
            let events = Log<StageEvents<Int>>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter() }
                let loop = try stages.events(from: numbers)
                events.append([loop])
                stages.drain()
                let error = await failure { _ = try await first(1, of: loop) }
                #expect((error as? StageError)?.code == .closed)
            }
            let error = await failure { _ = try await first(1, of: events.all[0]) }
            #expect((error as? StageError)?.code == .closed)
        }
    }

    @Test("I5: a stage that fails ends the loop with its error; one that finishes at once, with nothing")
    func failingStage() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let failing = stages.start { Counter().map { if $0 == 7 { throw Broken() } else { $0 } } }
                    let end = await failure { for try await _ in try stages.events(from: failing, maxDemand: 1) {} }
                    #expect(end is Broken)
                }
            }
            try await withStages(clock: clock) { stages in
                let empty = stages.start { Counter(end: 0) }
                let taken1 = try await first(10, of: try stages.events(from: empty))
                #expect(taken1 == [])
            }
        }
    }

    @Test("I6: a stage that has finished long ago gives nothing") func finishedStage() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 3) }
                let taken2 = try await first(10, of: try stages.events(from: numbers))
                #expect(taken2 == [0, 1, 2])
                await settle(clock)
                let taken3 = try await first(10, of: try stages.events(from: numbers))
                #expect(taken3 == [])
            }
        }
    }

    @Test("I7: an endless stage lives on when the loop has left") func stageLivesOn() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 100) }
                let taken4 = try await first(10, of: try stages.events(from: numbers, maxDemand: 10))
                #expect(taken4 == Array(0..<10))
                let next = try await numbers.perform { $0.next }
                #expect((10...20).contains(next))
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: numbers)
                await settle(clock)
                #expect(log.all == Array(next..<100), "What was asked for and not sent is forgotten")
            }
        }
    }

    @Test("I8: a finite stage gives exactly its events, and the loop ends") func finiteStage() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { SequenceSource(0..<10) }
                var seen: [Int] = []
                for try await number in try stages.events(from: numbers, maxDemand: 4) { seen.append(number) }
                #expect(seen == Array(0..<10))
            }
        }
    }

    @Test("I9: an impossible window is refused when the events are made", arguments: [(0, 0), (5, 5), (5, -1)])
    func badWindow(max: Int, min: Int) throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter() }
                let error = await failure { _ = try stages.events(from: numbers, maxDemand: max, minDemand: min) }
                #expect((error as? StageError)?.code == .badWindow)
            }
        }
    }

    @Test("I10: a stage of a sequence has a name, and ends with the graph") func name() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start("numbers") { SequenceSource(0...) }
                #expect(numbers.name == "numbers")
                let taken5 = try await first(3, of: try stages.events(from: numbers))
                #expect(taken5 == [0, 1, 2])
            }
        }
    }

    @Test("I11: the stage lives on without its taker, and ends when nobody can come any more")
    func livesOnWithoutTaker() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let (numbers, input) = AsyncStream<Int>.makeStream()
                for number in 1...3 { input.yield(number) }
                let source = stages.start { AsyncSequenceSource(numbers) }
                for number in 1...3 {
                    let taken = try await first(1, of: try stages.events(from: source, maxDemand: 1))
                    #expect(taken == [number])
                    await settle(clock)
                }
            }
        }
    }
}

/// The first events, fewer if there are no more.
func first<Event>(_ count: Int, of events: StageEvents<Event>) async throws -> [Event] {
    var seen: [Event] = []
    for try await event in events {
        seen.append(event)
        if seen.count == count { break }
    }
    return seen
}
