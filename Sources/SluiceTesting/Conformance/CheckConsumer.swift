public import Sluice
import Synchronization

/// Runs a consumer in graphs, under many schedules, and checks that it keeps the rules.
///
/// - C1. It handles messages of any size, from one event to all at once: it neither fails nor stalls.
/// - C2. What comes of the events does not depend on how they are cut into messages.
/// - C3. A call that is cancelled comes to an end.
/// - C4. A cancelled call returns, or throws `CancellationError`, and no other error.
/// - C5. A fresh instance starts afresh: with the same events, as much comes of a second one as of the first one.
///
/// ```swift
/// try checkConsumer(Array(1...50)) { _ in Summing() } outcome: { $0.sum }
/// ```
///
/// - Parameters:
///   - events: What it is to handle in each run, at least one event.
///   - seeds: Each is one schedule, and one choice of messages and of a moment of cancellation. A seed replays.
///   - make: Makes a fresh consumer for each run; the clock is that of the run.
///   - outcome: What has come of all events, read from the consumer after its last call.
/// - Throws: The first violation, with its rule and seed.
public func checkConsumer<C: Consumer, Outcome: Equatable & Sendable>(
    _ events: [C.Input],
    seeds: Range<UInt64> = 0..<50,
    make: @escaping @Sendable (TestClock) async throws -> C,
    outcome: @escaping @Sendable (C) async throws -> Outcome
) throws(StageViolation) {
    precondition(!events.isEmpty, "A check needs at least one event")
    for seed in seeds {
        let trial = ReceiverTrial<C.Input, Outcome>(letter: "C", events: events, seed: seed) { bench in
            let (result, cut) = (Result<Outcome>(), bench.cut)
            let consumer = bench.stages.start {
                ObservedConsumer(
                    base: try await make(bench.clock),
                    left: events.count,
                    record: bench.record,
                    result: result,
                    outcome: outcome
                )
            }
            try await consumer.subscribe(to: bench.source, maxDemand: cut.maxDemand, minDemand: cut.minDemand)
            return .init(outcome: { result.value })
        }
        let reference = try trial.run(.one)
        let second = try trial.run(.one)
        guard second == reference else {
            throw trial.violation(5, "the first instance came to \(reference), and the second one to \(second)")
        }
        for cut in [Cut.whole(events.count), .random(events.count, seed)] {
            let other = try trial.run(cut)
            guard other == reference else {
                throw trial.violation(2, "event by event it came to \(reference), in larger messages to \(other)")
            }
        }
        try trial.runCancelled(.random(events.count, seed))
    }
}

private final class Result<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)
    var value: Value? { state.withLock { $0 } }
    func set(_ value: Value) { state.withLock { $0 = value } }
}

/// A consumer whose calls are looked at.
private struct ObservedConsumer<Base: Consumer, Outcome: Sendable>: Consumer {
    var base: Base
    /// How many events are still to come.
    var left: Int
    let record: CallRecord
    let result: Result<Outcome>
    let outcome: @Sendable (Base) async throws -> Outcome

    mutating func handleEvents(_ events: [Base.Input]) async throws {
        do {
            try await base.handleEvents(events)
        } catch {
            record.threw(error, rule: "C4")
            throw error
        }
        left -= events.count
        if left == 0 { result.set(try await outcome(base)) }
    }

    mutating func handleEnd() async throws {
        do {
            try await base.handleEnd()
        } catch {
            record.threw(error, rule: "C4")
            throw error
        }
        if left == 0 { result.set(try await outcome(base)) }
    }
}
