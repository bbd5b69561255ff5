import Sluice
import SluiceTesting
import Testing

struct Counter: Producer {
    var next = 0
    var end = Int.max

    mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
        guard next < end else { return nil }
        let upper = min(end, next + demand)
        defer { next = upper }
        return Array(next..<upper)
    }
}

struct Multiplier: ProducerConsumer {
    let factor: Int

    mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
        events.map { $0 * factor }
    }
}

struct Collector<Event: Sendable>: Consumer {
    let log: Log<Event>
    mutating func handleEvents(_ events: [Event]) async throws { log.append(events) }
}

struct Broken: Error, Equatable {}

struct Failing: Consumer {
    mutating func handleEvents(_ events: [Int]) async throws { throw Broken() }
}

@Suite struct GraphTests {
    @Test(arguments: [0, 1, 2, 3] as [UInt64])
    func aChainDeliversEverythingInOrder(seed: UInt64) throws {
        let log = Log<Int>()
        let executor = DeterministicExecutor(seed: seed)
        try executor.run {
            try await withStages { stages in
                let numbers = stages.start { Counter(end: 5000) }
                let doubled = stages.start { Multiplier(factor: 2) }
                let collected = stages.start { Collector(log: log) }
                try await doubled.subscribe(to: numbers)
                try await collected.subscribe(to: doubled, maxDemand: 10)
            }
        }
        #expect(log.all == (0..<5000).map { $0 * 2 })
    }

    @Test func theRealExecutorDeliversEverythingInOrder() async throws {
        let log = Log<Int>()
        try await withStages { stages in
            let numbers = stages.start { Counter(end: 200_000) }
            let doubled = stages.start { Multiplier(factor: 2) }
            let collected = stages.start { Collector(log: log) }
            try await doubled.subscribe(to: numbers, maxDemand: 100, minDemand: 30)
            try await collected.subscribe(to: doubled, maxDemand: 7, minDemand: 3)
        }
        #expect(log.all == (0..<200_000).map { $0 * 2 })
    }

    @Test func aFailureIsThrownAndEndsTheGraph() async throws {
        await #expect(throws: Broken()) {
            try await withStages { stages in
                let numbers = stages.start { Counter() }
                let failing = stages.start { Failing() }
                try await failing.subscribe(to: numbers)
            }
        }
    }

    @Test func cancellationEndsAnEndlessGraph() async throws {
        let log = Log<Int>()
        let task = Task {
            try await withStages { stages in
                let numbers = stages.start { Counter() }
                let collected = stages.start { Collector(log: log) }
                try await collected.subscribe(to: numbers)
            }
        }
        while log.all.isEmpty { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aStageWithoutNeighboursEnds() async throws {
        try await withStages { stages in
            _ = stages.start { Counter() }
            _ = stages.start { Multiplier(factor: 1) }
            _ = stages.start { Collector(log: Log<Int>()) }
        }
    }
}
