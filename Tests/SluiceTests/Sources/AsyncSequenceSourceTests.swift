import SluiceTesting
import Testing

@testable import Sluice

@Suite struct AsyncSequenceSourceTests {
    /// Counts the iterators that are alive.
    final class Lives: Sendable {
        private let log = Log<Int>()
        var count: Int { log.all.reduce(0, +) }
        func change(by difference: Int) { log.append([difference]) }
    }

    /// Numbers with a pause before each; endless, or with an error at its end.
    struct Ticks: AsyncSequence, Sendable {
        let clock: TestClock
        let pause: Duration
        var end: Int?
        var failure: Broken?
        let lives: Lives

        final class Life {
            let lives: Lives
            init(_ lives: Lives) {
                self.lives = lives
                lives.change(by: 1)
            }
            deinit { lives.change(by: -1) }
        }

        struct Iterator: AsyncIteratorProtocol {
            let ticks: Ticks
            let life: Life
            var next = 0
            mutating func next() async throws -> Int? {
                if next == ticks.end {
                    if let failure = ticks.failure { throw failure }
                    return nil
                }
                try await ticks.clock.sleep(for: ticks.pause)
                defer { next += 1 }
                return next
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(ticks: self, life: Life(lives)) }
    }

    @Test func eachElementIsDeliveredAtOnceAndTheEndEndsTheStage() throws {
        try underEachSchedule { clock in
            let (log, lives) = (Log<Int>(), Lives())
            try await withStages(clock: clock) { stages in
                let source = stages.start {
                    AsyncSequenceSource(Ticks(clock: clock, pause: .seconds(1), end: 4, lives: lives))
                }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source, maxDemand: 1000)
                stages.go()
                for count in 1...4 {
                    try await clock.sleep(for: .milliseconds(count == 1 ? 1500 : 1000))
                    #expect(log.all == Array(0..<count), "The first event does not wait for a full batch")
                }
                #expect(lives.count == 0, "The iteration ends with the sequence, not with the graph")
            }
            #expect(log.all == [0, 1, 2, 3])
        }
    }

    @Test func itIsIteratedOnlyAsFarAsTheDemand() throws {
        try underEachSchedule { clock in
            let (lives, sink) = (Lives(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start {
                    AsyncSequenceSource(Ticks(clock: clock, pause: .zero, lives: lives))
                }
                let to = stages.start { sink.stage() }
                try await to.subscribe(to: source)
                stages.go()
                sink.ask(3)
                await settle(clock)
                #expect(sink.messages == [[0], [1], [2]])
                #expect(try await source.perform { source in try await source.handleDemand(1) } == [3])
                stages.drain()
            }
        }
    }

    enum Ending: CaseIterable, Sendable {
        case drained, cancelled, lastConsumerLost
    }

    @Test(arguments: Ending.allCases) func aWaitingNextIsInterrupted(_ ending: Ending) throws {
        try underEachSchedule { clock in
            let lives = Lives()
            let left = Log<Subscription>()
            do {
                try await withStages(clock: clock) { stages in
                    let source = stages.start {
                        AsyncSequenceSource(Ticks(clock: clock, pause: .seconds(1000), lives: lives))
                    }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    left.append([try await sink.subscribe(to: source)])
                    stages.go()
                    await settle(clock)
                    #expect(lives.count == 1)
                    switch ending {
                    case .drained: stages.drain()
                    case .cancelled: stages.cancel()
                    case .lastConsumerLost: left.all[0].cancel()
                    }
                }
                #expect(ending != .cancelled)
            } catch {
                #expect(ending == .cancelled && error is CancellationError)
            }
            #expect(clock.now.offset < .seconds(1000))
            #expect(lives.count == 0)
        }
    }

    @Test func anErrorOfTheSequenceFailsTheGraph() throws {
        try underEachSchedule { clock in
            let lives = Lives()
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start {
                        AsyncSequenceSource(
                            Ticks(clock: clock, pause: .seconds(1), end: 2, failure: Broken(), lives: lives)
                        )
                    }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                }
            }
            #expect(lives.count == 0)
        }
    }

    @Test func batchesOfAStreamAreKeptByFlattening() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            let (pages, input) = AsyncStream<[Int]>.makeStream()
            for page in [[1, 2], [], [3]] { input.yield(page) }
            input.finish()
            try await withStages(clock: clock) { stages in
                let source = stages.start { AsyncSequenceSource(pages).flatMap { $0 } }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source)
            }
            #expect(log.all == [1, 2, 3])
        }
    }
}
