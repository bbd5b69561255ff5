import Sluice
import SluicePostgres
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceSinks

/// The whole way from the reader to a sink, with a budget of a few rows, of less than one, and of less than a read unit:
/// nothing waits for more than the budget holds, and the budget is kept.
@Suite("Little memory")
struct BudgetSimulationTests {
    /// Smaller than one row, a few rows, fewer than a read unit, and enough for many.
    static let capacities = [100, 3_000, 20_000, 300_000]

    @Test("to a sink that takes whole batches", arguments: capacities, [1_000, 40_000])
    func ordered(capacity: Int, giant: Int) throws {
        try DeterministicExecutor.check(seeds: 0..<40) { clock in
            let way = try Way(capacity: capacity, giant: giant, rate: giant > 1_000 ? 40 : nil, clock: clock)
            let sink = OrderedProbe(clock)
            try await way.run(splitsKeyChanges: false) { stages, ordered in
                let delivery = stages.start {
                    Delivery(to: sink, budget: way.budget, limit: way.limit, delivered: way.delivered)
                }
                try await delivery.subscribe(to: ordered, maxDemand: 64, minDemand: 32)
            }
            try way.check(messages: sink.messages)
        }
    }

    @Test(
        "to a sink that is asked for each message, with failures, refusals, dead letters and outages",
        arguments: capacities,
        [KeyFailure.prefix, .independent]
    )
    func keyed(capacity: Int, keyFailure: KeyFailure) throws {
        try DeterministicExecutor.check(seeds: 0..<40) { clock in
            // More messages and bytes than the smaller budgets ever hold: no request fills up.
            let limits = RequestLimits(messages: 50, bytes: 100_000, messageBytes: 750, concurrency: 3)
            let sink = ScriptedSink(limits: limits, keyFailure: keyFailure) { call, messages in
                try await clock.sleep(for: .milliseconds(call % 5))
                if call % 7 == 0 { throw SinkError(.unavailable, "It is away.") }
                return messages.enumerated().map { place, message in
                    if message.cursor.index % 11 == 10 { return .failed(reason: "poison") }
                    if message.cursor.commitLSN.rawValue % 70 == 0, place == 0 { return .refused(reason: "no") }
                    return (call + place) % 6 == 0 ? .failed(reason: "not now") : .durable
                }
            }
            let way = try Way(
                capacity: capacity,
                giant: keyFailure == .prefix ? 1_000 : 40_000,
                rate: nil,
                clock: clock
            )
            let letters = CountedLetters(clock)
            var rules = RequestLoop.Rules()
            rules.maxFailures = 4
            rules.backoff = Backoff(base: .milliseconds(200), maximum: .seconds(180))
            rules.outageBackoff = Backoff(base: .milliseconds(200), maximum: .seconds(30))
            rules.capacity = 1000
            let loop = RequestLoop(
                to: sink,
                deadLetters: letters,
                budget: way.budget,
                rules: rules,
                clock: clock,
                report: { _ in },
                settled: way.delivered
            )
            try await withThrowingTaskGroup { group in
                group.addTask { try await loop.run() }
                try await way.run(splitsKeyChanges: true) { stages, ordered in
                    let delivery = stages.start { KeyedDelivery(to: loop, limit: way.limit) }
                    try await delivery.subscribe(to: ordered, maxDemand: 64, minDemand: 32)
                }
                try await group.waitForAll()
            }
            try way.check(messages: nil)
            try expect(letters.most <= 4, "\(letters.most) letters were on their way at once")
        }
    }
}

/// The stages between a workload and a sink, and the account.
private final class Way: Sendable {
    let budget: Budget
    let limit: RateLimit
    private let workload: Workload
    private let processors: Int
    private let clock: TestClock
    private let last = Mutex<(sequence: UInt64?, messages: Int)>((nil, 0))

    init(capacity: Int, giant: Int, rate: Int?, clock: TestClock) throws {
        // The schedule differs from seed to seed; so may the workload, which stays the same for one.
        var random = SeededGenerator(seed: UInt64(capacity))
        workload = try Workload(rows: 90, giant: giant, using: &random)
        processors = Int.random(in: 1...3, using: &random)
        budget = Budget(capacity: capacity)
        limit = RateLimit(rate: rate, clock: clock)
        self.clock = clock
    }

    func delivered(_ delivered: Delivered) {
        last.withLock { $0 = (delivered.sequence, $0.messages + delivered.messages) }
    }

    func run(
        splitsKeyChanges: Bool,
        _ attach: (Stages, StageHandle<ReorderBuffer<Change>>) async throws -> Void
    ) async throws {
        let source = MessageSource(database: "shop", systemIdentifier: "73", host: "db", slot: "s")
        try await withStages(clock: clock) { stages in
            let slot = stages.start { [budget, workload] context in
                budget.whenRoomReturns { context.wake() }
                return BudgetedSource(workload.changes, budget: budget)
            }
            let ordered = stages.start { ReorderBuffer<Change>(window: 128) }
            for _ in 0..<processors {
                let processor = stages.start { [budget] in
                    Processor(
                        encoder: ChangeEncoder(source: source, splitsKeyChanges: splitsKeyChanges),
                        budget: budget,
                        primaryKey: { _ in ["id"] }
                    )
                }
                try await processor.subscribe(to: slot, maxDemand: 64, minDemand: 48)
                try await ordered.subscribe(to: processor)
            }
            try await attach(stages, ordered)
        }
    }

    /// Expects that everything came, and that no more was held than was promised.
    func check(messages: Int?) throws {
        let (sequence, told) = last.withLock { $0 }
        try expect(sequence == workload.changes.last?.sequence, "It ended at \(String(describing: sequence))")
        if let messages { try expect(messages == told, "\(messages) messages came, and \(told) were told of") }
        try expect(budget.held == 0, "\(budget.held) bytes are held at the end")
        let most = max(budget.capacity, workload.largest)
        try expect(budget.peak <= most, "\(budget.peak) bytes were held, and \(most) are the most")
    }
}

/// Takes a while for each batch, and counts.
private final class OrderedProbe: OrderedSink {
    let identity = "probe"
    private let clock: TestClock
    private let count = Mutex(0)

    init(_ clock: TestClock) {
        self.clock = clock
    }

    var messages: Int { count.withLock { $0 } }

    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        SinkOpening(position: SinkPosition(cursor: nil))
    }

    func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await clock.sleep(for: .milliseconds(changes.count % 3))
        count.withLock { $0 += changes.reduce(0) { $0 + $1.messageCount } }
        return SinkPosition(cursor: changes.last?.lastCursor)
    }

    func rewind(to cursor: Cursor) async throws -> SinkPosition { SinkPosition(cursor: cursor) }

    func close() async {}
}

/// Takes its time for each letter, and knows how many came at once.
private final class CountedLetters: DeadLetterBox {
    private let clock: TestClock
    private let state = Mutex((now: 0, most: 0))

    init(_ clock: TestClock) {
        self.clock = clock
    }

    var most: Int { state.withLock { $0.most } }

    func open() async throws {}

    func put(_ letters: [DeadLetter], of sink: String) async throws {
        state.withLock { state in
            state.now += letters.count
            state.most = max(state.most, state.now)
        }
        try await clock.sleep(for: .seconds(1))
        state.withLock { $0.now -= letters.count }
    }

    func close() async {}
}

private struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

private func expect(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw Unexpected(description: text()) }
}
