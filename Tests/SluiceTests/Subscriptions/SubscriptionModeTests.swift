import SluiceTesting
import Testing

@testable import Sluice

/// What the end of a producer does to its consumers, and how subscriptions tell of their ends.
@Suite struct SubscriptionModeTests {
    /// A producer that ends for good without failing the graph.
    struct DoomedSource: Producer {
        var next = 0
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            guard next < 3 else { throw Broken() }
            defer { next += 1 }
            return [next]
        }
    }

    struct Run {
        let log = Log<Int>()
        let lost = Log<Int>()
        let reports = Log<GraphReport>()
        var endedStages: [String] {
            reports.all.compactMap { if case .ended(let stage, is Broken) = $0 { stage } else { nil } }
        }
    }

    /// A consumer with a producer that fails for good and one that goes on to 100.
    private func run(_ mode: SubscriptionMode, _ clock: TestClock) async throws -> (Run, SubscriptionEnd) {
        let run = Run()
        let report: @Sendable (GraphReport) -> Void = { run.reports.append([$0]) }
        let end = try await withStages(clock: clock, reporting: report) { stages in
            let doomed = stages.group(restart: .never, surrender: .endStages).start("doomed") { DoomedSource() }
            let steady = stages.start("steady") { Numbers(from: 100, to: 140) }
            let sink = stages.start("sink", lost: { events, _ in run.lost.append(events) }) { Collector(log: run.log) }
            let subscription = try await sink.subscribe(to: doomed, maxDemand: 5, mode: mode)
            try await sink.subscribe(to: steady, maxDemand: 2)
            stages.go()
            return await subscription.end
        }
        return (run, end)
    }

    struct Numbers: Producer {
        var next: Int
        let end: Int
        init(from start: Int, to end: Int) { (next, self.end) = (start, end) }
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            guard next < end else { return nil }
            defer { next += 1 }
            return [next]
        }
    }

    @Test("G10: a transient consumer ends with its producer's error, after what it got") func transient() throws {
        try underEachSchedule { clock in
            let (run, end) = try await run(.transient, clock)
            guard case .failed(is Broken) = end else { return #expect(Bool(false), "It ended as \(end)") }
            #expect(run.log.all.filter { $0 < 100 } == [0, 1, 2])
            #expect(run.endedStages == ["sink"])
            let steady = (run.log.all + run.lost.all).filter { $0 >= 100 }
            #expect(steady == Array(100..<100 + steady.count), "What waited for it is lost, and is told")
        }
    }

    @Test("G11: a permanent consumer ends with its producer's error") func permanent() throws {
        try underEachSchedule { clock in
            let (run, _) = try await run(.permanent, clock)
            #expect(run.endedStages == ["sink"])
        }
    }

    @Test("G12, F8: a temporary consumer goes on") func temporary() throws {
        try underEachSchedule { clock in
            let (run, _) = try await run(.temporary, clock)
            #expect(run.endedStages.isEmpty && run.lost.all.isEmpty)
            #expect(run.log.all.sorted() == [0, 1, 2] + Array(100..<140))
        }
    }

    @Test("G13: the error goes down a chain until a subscription is temporary") func chain() throws {
        try underEachSchedule { clock in
            let run = Run()
            try await withStages(clock: clock, reporting: { run.reports.append([$0]) }) { stages in
                let doomed = stages.group(restart: .never, surrender: .endStages).start { DoomedSource() }
                let first = stages.start("first") { Map { (number: Int) in number } }
                let second = stages.start("second") { Map { (number: Int) in number } }
                let sink = stages.start("sink") { Collector(log: run.log) }
                try await first.subscribe(to: doomed)
                try await second.subscribe(to: first)
                try await sink.subscribe(to: second, mode: .temporary)
            }
            #expect(run.log.all == [0, 1, 2], "What was emitted before is delivered")
            #expect(run.endedStages == ["first", "second"])
        }
    }

    @Test("G9: a producer that finishes ends a permanent consumer and no other") func finishing() throws {
        for mode in [SubscriptionMode.permanent, .transient, .temporary] {
            try underEachSchedule { clock in
                let log = Log<Int>()
                try await withStages(clock: clock) { stages in
                    let short = stages.start { Counter(end: 3) }
                    let endless = stages.start { Numbers(from: 100, to: mode == .permanent ? 1_000_000 : 140) }
                    let sink = stages.start { Collector(log: log) }
                    try await sink.subscribe(to: short, mode: mode)
                    try await sink.subscribe(to: endless, maxDemand: 2)
                }
                #expect(log.all.filter { $0 < 100 } == [0, 1, 2])
                let others = log.all.filter { $0 >= 100 }
                #expect(others == Array(100..<100 + others.count), "Everything delivered is handled")
                if mode != .permanent { #expect(others.count == 40) }
            }
        }
    }

    @Test("G8: the producer of a consumer that ended for good goes on for the others") func lostConsumer() throws {
        struct FailingSink: Consumer {
            mutating func handleEvents(_ events: [Int]) async throws { throw Broken() }
        }
        try underEachSchedule { clock in
            let (log, lost) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start { Counter(end: 30) }
                let sink = stages.start { Collector(log: log) }
                let failing = stages.group(restart: .never, surrender: .endStages)
                    .start(lost: { events, _ in lost.append(events) }) { FailingSink() }
                try await sink.subscribe(to: source, maxDemand: 3)
                let subscription = try await failing.subscribe(to: source, maxDemand: 3)
                stages.go()
                guard case .cancelled(is Broken) = await subscription.end else {
                    return #expect(Bool(false), "It tells why it left")
                }
            }
            #expect((log.all + lost.all).sorted() == Array(0..<30), "Each event has one fate")
        }
    }

    @Test("G7: either side cancels with a reason, which the subscription tells") func reasons() throws {
        for isProducer in [false, true] {
            try underEachSchedule { clock in
                let log = Log<Int>()
                try await withStages(clock: clock) { stages in
                    let source = stages.start { Numbers(from: 0, to: 1_000_000) }
                    let sink = stages.start { Collector(log: log) }
                    let other = stages.start { Collector(log: Log<Int>()) }
                    let subscription = try await sink.subscribe(to: source, maxDemand: 4, mode: .temporary)
                    let rest = try await other.subscribe(to: source, maxDemand: 4)
                    stages.go()
                    await until { log.all.count > 10 }
                    if isProducer {
                        source.disconnect(subscription, because: Broken())
                    } else {
                        subscription.cancel(because: Broken())
                    }
                    guard case .cancelled(is Broken) = await subscription.end else {
                        return #expect(Bool(false), "The reason is lost")
                    }
                    rest.cancel()
                }
            }
        }
    }

    @Test func aProducerThatDisconnectsForAReasonEndsATransientConsumer() throws {
        try underEachSchedule { clock in
            let run = Run()
            try await withStages(clock: clock, reporting: { run.reports.append([$0]) }) { stages in
                let source = stages.start { Numbers(from: 0, to: 1_000_000) }
                let sink = stages.start("sink") { Collector(log: run.log) }
                let subscription = try await sink.subscribe(to: source, maxDemand: 4)
                stages.go()
                await until { run.log.all.count > 10 }
                source.disconnect(subscription, because: Broken())
                _ = await subscription.end
            }
            #expect(run.endedStages == ["sink"])
        }
    }

    @Test func aFailedGraphEndsEverySubscriptionWithItsFirstFailure() throws {
        struct FailingSink: Consumer {
            mutating func handleEvents(_ events: [Int]) async throws { throw Broken() }
        }
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start { WaitingSource(clock: clock, answer: .rethrow) }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    let subscription = try await sink.subscribe(to: source)
                    let bomb = stages.start { Counter(end: 1) }
                    let failing = stages.start { FailingSink() }
                    try await failing.subscribe(to: bomb)
                    stages.go()
                    guard case .cancelled(is Broken) = await subscription.end else {
                        return #expect(Bool(false), "Nobody says so")
                    }
                }
            }
        }
    }

    @Test func aPausedSubscriptionAsksForNothingAndOthersGoOn() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let first = stages.start { Numbers(from: 0, to: 40) }
                let second = stages.start { Numbers(from: 100, to: 140) }
                let sink = stages.start { Collector(log: log) }
                let paused = try await sink.subscribe(to: first, maxDemand: 4)
                try await sink.subscribe(to: second, maxDemand: 4)
                paused.pause()
                paused.pause()
                stages.go()
                await settle(clock)
                #expect(log.all.filter { $0 < 100 } == [0, 1, 2, 3], "What was asked for before arrives")
                #expect(log.all.filter { $0 >= 100 } == Array(100..<140))
                paused.resume()
            }
            #expect(log.all.filter { $0 < 100 } == Array(0..<40))
        }
    }
}
