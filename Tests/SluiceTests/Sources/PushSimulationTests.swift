import SluiceTesting
import Testing

@testable import Sluice

/// Several senders, some of which are cancelled, under many schedules: each event that was accepted is emitted once, and
/// each sender's events stay in order.
@Suite struct PushSimulationTests {
    struct Event: Sendable, Equatable {
        var sender: Int
        var number: Int
    }

    /// One sender's life: pushes until it is done, cancelled or refused.
    private static func push(
        _ sender: Int,
        into source: PushSource<Event>,
        _ accepted: Log<Event>,
        _ random: SeededGenerator
    ) async {
        var random = random
        var next = 0
        while next < 40 {
            let size = Int.random(in: 1...5, using: &random)
            let events = (next..<next + size).map { Event(sender: sender, number: $0) }
            next += size
            do {
                if size == 1 { try await source.send(events[0]) } else { try await source.send(contentsOf: events) }
                accepted.append(events)
            } catch {
                return
            }
            if Bool.random(using: &random) { await Task.yield() }
        }
    }

    private static func run(seed: UInt64) throws -> (accepted: [Event], emitted: [Event], unsent: [Event], ends: Int) {
        var random = SeededGenerator(seed: seed)
        let source = PushSource<Event>(capacity: Int.random(in: 1...8, using: &random))
        let window = Int.random(in: 1...12, using: &random)
        let ending = Int.random(in: 0..<4, using: &random)
        let patience = Int.random(in: 0..<60, using: &random)
        let generators = (0..<4).map { _ in SeededGenerator(seed: random.next()) }
        let (accepted, emitted) = (Log<Event>(), Log<Event>())
        let executor = DeterministicExecutor(seed: seed)
        try executor.run {
            try await withStages(clock: executor.clock) { stages in
                let from = stages.start(from: source)
                let to = stages.start { Collector(log: emitted) }
                try await to.subscribe(to: from, maxDemand: window)
                stages.go()
                await withTaskGroup { group in
                    for (sender, generator) in generators.enumerated() {
                        group.addTask { await push(sender, into: source, accepted, generator) }
                    }
                    for _ in 0..<patience { await Task.yield() }
                    switch ending {
                    case 0: group.cancelAll()
                    case 1: source.finish()
                    case 2: stages.drain()
                    default: break
                    }
                }
                source.finish()
            }
        }
        return (accepted.all, emitted.all, source.unsent, ending)
    }

    @Test func eachAcceptedEventIsEmittedOnceAndEachSenderStaysInOrder() throws {
        var endings: Set<Int> = []
        for seed in SimulationTests.seeds {
            let (accepted, emitted, unsent, ending) = try Self.run(seed: seed)
            endings.insert(ending)
            if ending != 2 { #expect(unsent.isEmpty, "SLUICE_SEED=\(seed)") }
            for sender in 0..<4 {
                let mine = accepted.filter { $0.sender == sender }
                let out = (emitted + unsent).filter { $0.sender == sender }
                #expect(out == mine, "SLUICE_SEED=\(seed)")
            }
            #expect(emitted.count + unsent.count == accepted.count, "SLUICE_SEED=\(seed)")
        }
        if SimulationTests.seeds.count >= 500 { #expect(endings.count == 4) }
    }

    @Test func onRealThreadsNothingIsLostOrDoubled() async throws {
        let source = PushSource<Int>(capacity: 10)
        let log = Log<Int>()
        try await withStages { stages in
            let from = stages.start(from: source)
            let to = stages.start { Collector(log: log) }
            try await to.subscribe(to: from, maxDemand: 16)
            stages.go()
            try await withThrowingTaskGroup { group in
                for sender in 0..<8 {
                    group.addTask {
                        for number in 0..<5000 { try await source.send(sender * 5000 + number) }
                    }
                }
                try await group.waitForAll()
            }
            source.finish()
        }
        #expect(log.all.sorted() == Array(0..<40_000))
        for sender in 0..<8 {
            let mine = log.all.filter { $0 / 5000 == sender }
            #expect(mine == mine.sorted())
        }
    }
}
