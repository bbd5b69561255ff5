import Sluice
import SluicePostgres
import SluiceTesting
import Synchronization
import Testing

/// The way from slot to sink with numbers instead of rows, under every schedule that a seed can bring about.
@Suite struct ReorderSimulationTests {
    private static let total = UInt64(120)

    @Test("B20, C24: no schedule stalls or disorders it") func noScheduleStallsOrDisordersIt() throws {
        for seed in UInt64(0)..<500 {
            let outcome = try simulate(seed: seed, breaking: nil)
            #expect(outcome.delivered == Array(0..<Self.total), "seed \(seed)")
            #expect(outcome.held == 0, "seed \(seed)")
        }
    }

    /// Each premise of the proof at ``ReorderBuffer`` is needed: without it some schedule stalls, loses or disorders.
    @Test("C24: every premise is needed", arguments: Premise.allCases) func everyPremiseIsNeeded(_ premise: Premise) {
        let isCaught = (UInt64(0)..<200).contains { seed in
            guard let outcome = try? simulate(seed: seed, breaking: premise) else { return true }
            return outcome.delivered != Array(0..<Self.total)
        }
        #expect(isCaught)
    }

    enum Premise: CaseIterable, Sendable {
        case ascendingBatches, demandFollowsRelease, budgetInOrderAtTheSource, nothingBypassesTheSequence
    }

    private struct Outcome {
        var delivered: [UInt64]
        var held: Int
    }

    private func simulate(seed: UInt64, breaking premise: Premise?) throws -> Outcome {
        var random = SeededGenerator(seed: seed)
        let processors = Int.random(in: 1...4, using: &random)
        let batch = Int.random(in: 1...6, using: &random)
        let sinkWindow = Int.random(in: 1...8, using: &random)
        let budget = Budget(capacity: Int.random(in: 1...12, using: &random))
        let delivered = Mutex<[UInt64]>([])
        let executor = DeterministicExecutor(seed: seed)
        let clock = executor.clock
        try executor.run {
            try await withStages(clock: clock) { stages in
                let source = stages.start { context in
                    budget.whenRoomReturns { context.wake() }
                    return NumberSource(
                        end: Self.total,
                        budget: premise == .budgetInOrderAtTheSource ? nil : budget,
                        disorder: premise == .ascendingBatches ? SeededGenerator(seed: seed) : nil
                    )
                }
                let sink = stages.start {
                    NumberSink(delivered: { more in delivered.withLock { $0 += more } }, budget: budget)
                }
                let workers = (0..<processors).map { index in
                    stages.start {
                        NumberProcessor(
                            random: SeededGenerator(seed: seed &+ UInt64(index) &* 7919),
                            budget: premise == .budgetInOrderAtTheSource ? budget : nil,
                            dropsSome: premise == .nothingBypassesTheSequence,
                            clock: clock
                        )
                    }
                }
                for worker in workers {
                    try await worker.subscribe(to: source, maxDemand: 2 * batch, minDemand: batch)
                }
                if premise == .demandFollowsRelease {
                    let pooled = stages.start { PooledReorder(room: 2 * batch) }
                    for worker in workers { try await pooled.subscribe(to: worker) }
                    try await sink.subscribe(to: pooled, maxDemand: sinkWindow, minDemand: sinkWindow / 2)
                } else {
                    let ordered = stages.start { ReorderBuffer<Number>(window: 2 * batch) }
                    for worker in workers { try await ordered.subscribe(to: worker) }
                    try await sink.subscribe(to: ordered, maxDemand: sinkWindow, minDemand: sinkWindow / 2)
                }
            }
        }
        return Outcome(delivered: delivered.withLock { $0 }, held: budget.held)
    }
}

private struct Number: Sequenced {
    let sequence: UInt64
}

/// Emits 0, 1, 2 ..., one byte of the budget each.
private struct NumberSource: Producer {
    var next: UInt64 = 0
    let end: UInt64
    let budget: Budget?
    var disorder: SeededGenerator?
    var heldBack: [Number] = []

    mutating func handleDemand(_ demand: Int) async throws -> [Number]? {
        await Task.yield()
        if !heldBack.isEmpty {
            defer { heldBack = [] }
            return heldBack
        }
        if next == end { return nil }
        var numbers: [Number] = []
        while numbers.count < demand, next < end, budget?.reserve(1) ?? true {
            numbers.append(Number(sequence: next))
            next += 1
        }
        guard disorder != nil, numbers.count > 1, disorder?.next().isMultiple(of: 2) ?? false else { return numbers }
        let middle = numbers.count / 2
        heldBack = Array(numbers[..<middle])
        return Array(numbers[middle...])
    }
}

private struct NumberProcessor: ProducerConsumer {
    struct Starved: Error {}

    var random: SeededGenerator
    /// Where the bytes are taken if the source does not take them.
    let budget: Budget?
    let dropsSome: Bool
    let clock: TestClock

    mutating func handleEvents(_ events: [Number]) async throws -> [Number] {
        for _ in 0..<Int.random(in: 0...5, using: &random) { await Task.yield() }
        if let budget {
            for _ in events {
                var attempts = 0
                while !budget.reserve(1) {
                    attempts += 1
                    if attempts > 200 { throw Starved() }
                    try await clock.sleep(for: .milliseconds(1))
                }
            }
        }
        return dropsSome ? events.filter { $0.sequence % 50 != 49 } : events
    }
}

/// What a reorder buffer must not be: all processors share its room, and whoever delivers is asked again.
private struct PooledReorder: ManualProducerConsumer {
    let room: Int
    var asked = 0
    var waiting: [UInt64] = []
    var next: UInt64 = 0

    mutating func subscribed(_ subscription: ManualSubscription) async throws {
        guard asked < room else { return }
        subscription.ask(1)
        asked += 1
    }

    mutating func handleEvents(_ events: [Number], from subscription: ManualSubscription) async throws -> [Number] {
        asked -= events.count
        waiting = (waiting + events.map(\.sequence)).sorted()
        var released: [Number] = []
        while waiting.first == next {
            released.append(Number(sequence: waiting.removeFirst()))
            next += 1
        }
        let free = room - waiting.count - asked
        if free > 0 {
            subscription.ask(free)
            asked += free
        }
        return released
    }
}

private struct NumberSink: Consumer {
    let delivered: @Sendable ([UInt64]) -> Void
    let budget: Budget

    mutating func handleEvents(_ events: [Number]) async throws {
        await Task.yield()
        delivered(events.map(\.sequence))
        budget.release(events.count)
    }
}
