import Sluice
import SluicePostgres
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceSinks

@Suite("The loop that sends requests")
struct RequestLoopTests {
    private static let orders: [MessageOrder] = (0..<40).map { $0 % 9 == 8 ? .wholeTable : .key(UInt64($0 % 4)) }

    @Test("C28: delivers everything in the order of its keys, whatever fails on the way, and gives the budget back")
    func failures() throws {
        try DeterministicExecutor.check(seeds: 0..<300) { clock in
            let sink = ScriptedSink { call, messages in
                try await clock.sleep(for: .milliseconds(call % 5 * 7))
                if call % 6 == 0 { throw SinkError(.unavailable, "It is away.") }
                return messages.enumerated().map { place, _ in
                    (call + place) % 4 == 0 ? .failed(reason: "not now") : .durable
                }
            }
            let run = LoopRun(sink, clock: clock)
            try await run(changes(Self.orders))
            // A message behind one that failed is sent again: what counts is where each first became final.
            let final = run.settledOrder(sink.durable)
            for (order, numbers) in Dictionary(grouping: final, by: { Self.orders[Int($0)] }).sorted(by: Self.isBefore)
            {
                try require(numbers == numbers.sorted(), "\(order): \(numbers)")
            }
            try require(Set(final).count == Self.orders.count, "\(final.count) messages are durable")
            try require(run.last?.sequence == UInt64(Self.orders.count - 1), "\(String(describing: run.last))")
            try require(run.messages == Self.orders.count, "\(run.messages) messages were told of")
            try require(run.budget.held == 0, "\(run.budget.held) bytes are held")
        }
    }

    @Test("C25: an outage is told of once, and everything is delivered after it")
    func outage() throws {
        try DeterministicExecutor.check(seeds: 0..<100) { clock in
            let back = clock.now.advanced(by: .seconds(60))
            let sink = ScriptedSink { _, messages in
                if clock.now < back { throw SinkError(.unavailable, "It is away.") }
                return messages.map { _ in .durable }
            }
            let run = LoopRun(sink, clock: clock)
            try await run(changes(Self.orders))
            try require(run.events == ["unreachable: It is away.", "reachable"], "\(run.events)")
            try require(run.messages == Self.orders.count, "\(run.messages)")
            // 0.2 s, 0.4 s, ... 25.6 s, 30 s, 30 s, and up to three requests that were under way at first.
            try require(sink.sent.count < 40, "\(sink.sent.count) requests")
        }
    }

    @Test("what no other attempt cures ends it, for whoever waits as well")
    func fatal() throws {
        try DeterministicExecutor.check(seeds: 0..<100) { clock in
            let sink = ScriptedSink { _, _ in throw SinkError(.notAuthorized, "No.") }
            let run = LoopRun(sink, clock: clock)
            await #expect {
                try await run(changes(Self.orders))
            } throws: {
                ($0 as? SinkError)?.code == .notAuthorized
            }
            await #expect {
                try await run.loop.take([])
            } throws: {
                ($0 as? SinkError)?.code == .notAuthorized
            }
        }
    }

    @Test("C30: a message that never succeeds goes to the dead letters, and its key goes on")
    func deadLetters() throws {
        try DeterministicExecutor.check(seeds: 0..<100) { clock in
            let sink = ScriptedSink { _, messages in
                messages.map { $0.cursor.index == 2 ? .failed(reason: "poison") : .durable }
            }
            let letters = RememberedLetters()
            let run = LoopRun(sink, deadLetters: letters, clock: clock)
            try await run(changes(Self.orders))
            try require(letters.reasons == ["2: poison after 4"], "\(letters.reasons)")
            try require(run.events == ["buried 2"], "\(run.events)")
            try require(run.messages == Self.orders.count, "\(run.messages)")
        }
    }

    @Test("no more is taken than may be above the first open message")
    func room() throws {
        try DeterministicExecutor.check(seeds: 0..<100) { clock in
            let sink = ScriptedSink { _, messages in
                try await clock.sleep(for: .seconds(messages.contains { $0.cursor.index == 0 } ? 100 : 1))
                return messages.map { _ in .durable }
            }
            let run = LoopRun(sink, capacity: 10, clock: clock)
            run.reserve(changes(Self.orders))
            try await run.running {
                try await run.loop.take(Array(changes(Self.orders)[..<10]))
                let start = clock.now
                try await run.loop.take(Array(changes(Self.orders)[10...]))
                try require(start.duration(to: clock.now) >= .seconds(99), "It was taken at \(clock.now)")
                try await run.loop.finish()
            }
        }
    }

    private static func isBefore(
        _ left: (key: MessageOrder, value: [UInt64]),
        _ right: (key: MessageOrder, value: [UInt64])
    )
        -> Bool
    {
        left.value.first ?? 0 < right.value.first ?? 0
    }
}

/// Changes with one message of each order, all of one table, which hold a byte of the budget each.
private func changes(_ orders: [MessageOrder]) -> [KeyedChange] {
    orders.enumerated().map { number, order in
        let cursor = at(100, UInt64(number))
        let change = Change(
            sequence: UInt64(number),
            cursor: cursor,
            kind: .messages(count: 1),
            batch: EncodedBatch(bytes: []),
            offset: 0,
            length: 0,
            cost: 1
        )
        let message = OutgoingMessage(cursor: cursor, action: .insert, schema: "s", table: "t", key: nil, body: [0])
        return KeyedChange(change: change, first: KeyedChange.Part(message: message, order: order, table: 1))
    }
}

private struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

private func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw Unexpected(description: text()) }
}

/// A loop with what it tells.
private final class LoopRun: Sendable {
    let loop: RequestLoop
    let budget = Budget(capacity: 1000)
    private let told: Told

    private final class Told: Sendable {
        let state = Mutex((last: Delivered?.none, messages: 0, events: [String]()))
    }

    init(
        _ sink: ScriptedSink,
        deadLetters: RememberedLetters? = nil,
        capacity: Int = 1000,
        clock: TestClock
    ) {
        var rules = RequestLoop.Rules()
        rules.maxFailures = 4
        rules.backoff = Backoff(base: .milliseconds(200), maximum: .seconds(180))
        rules.outageBackoff = Backoff(base: .milliseconds(200), maximum: .seconds(30))
        rules.capacity = capacity
        let told = Told()
        self.told = told
        loop = RequestLoop(
            to: sink,
            deadLetters: deadLetters,
            budget: budget,
            rules: rules,
            clock: clock,
            report: { event in
                let text =
                    switch event {
                    case .unreachable(let reason): "unreachable: \(reason)"
                    case .reachable: "reachable"
                    case .buried(let letter): "buried \(letter.message.cursor.index)"
                    }
                told.state.withLock { $0.events.append(text) }
            },
            settled: { delivered in
                told.state.withLock { state in
                    state.last = delivered
                    state.messages += delivered.messages
                }
            }
        )
    }

    var last: Delivered? { told.state.withLock { $0.last } }
    var messages: Int { told.state.withLock { $0.messages } }
    var events: [String] { told.state.withLock { $0.events } }

    /// Each number where it last became durable: earlier times were behind a failure of their key.
    func settledOrder(_ durable: [UInt64]) -> [UInt64] {
        var seen: Set<UInt64> = []
        return durable.reversed().filter { seen.insert($0).inserted }.reversed()
    }

    func callAsFunction(_ changes: [KeyedChange]) async throws {
        reserve(changes)
        try await running { [loop] in
            for change in changes { try await loop.take([change]) }
            try await loop.finish()
        }
    }

    func reserve(_ changes: [KeyedChange]) {
        for change in changes { _ = budget.reserve(Int(change.change.cost)) }
    }

    func running(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { [loop] in try await loop.run() }
            group.addTask { try await body() }
            for try await _ in group {}
        }
    }
}

private final class RememberedLetters: DeadLetterBox {
    private let state = Mutex<[String]>([])

    var reasons: [String] { state.withLock { $0 } }

    func open() async throws {}

    func put(_ letters: [DeadLetter], of sink: String) async throws {
        state.withLock { state in
            state += letters.map { "\($0.message.cursor.index): \($0.reason) after \($0.attempts)" }
        }
    }

    func close() async {}
}
