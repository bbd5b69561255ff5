public import Sluice

/// Runs a producer in graphs of all kinds, under many schedules, and checks that it keeps the rules.
///
/// - P1. A call returns at most as many events as it was asked for.
/// - P2. After an empty array nothing spins: the producer does not wake itself again and again while nothing changes.
/// - P3. A call that is interrupted, by a drain or a cancellation, comes to an end.
/// - P4. An interrupted call returns, or throws `CancellationError`, and no other error.
/// - P5. What it has emitted until then is the beginning of what it emits otherwise: nothing is skipped or doubled.
/// - P6. Once it has returned `nil`, it returns `nil`.
/// - P7. A fresh instance starts afresh: a second one emits what the first one has emitted.
/// - P8. What it emits, and in which order, does not depend on how many events are asked for at once.
/// - P9. It emits as much as is asked for, or comes to its end: it neither fails nor stalls.
///
/// The check is for producers whose events are a matter of their value. A source that others feed is fed by `make`.
///
/// ```swift
/// try checkProducer { _, _ in Counter() }
/// try checkProducer { _, clock in Ticker(every: .seconds(1), clock: clock) }
/// ```
///
/// - Parameters:
///   - seeds: Each is one schedule, and one choice of demand and of moments of interruption. A seed replays.
///   - limit: How many events of an endless producer are looked at, at least 1.
///   - surplus: How many events more than asked for a call may return: not 0 for what a `flatMap` is fused onto.
///   - make: Makes a fresh producer for each run; the clock is that of the run.
/// - Throws: The first violation, with its rule and seed.
public func checkProducer<P: Producer>(
    seeds: Range<UInt64> = 0..<50,
    limit: Int = 100,
    surplus: Int = 0,
    make: @escaping @Sendable (StageContext, TestClock) async throws -> P
) throws(StageViolation) where P.Output: Equatable {
    precondition(limit > 0, "A check looks at one event at least, not \(limit)")
    for seed in seeds {
        let trial = ProducerTrial(make: make, limit: limit, surplus: surplus, seed: seed)
        let reference = try trial.run(.one)
        if let difference = difference(reference, try trial.run(.one)) {
            throw StageViolation(rule: "P7", seed: seed, message: "of two fresh instances, \(difference)")
        }
        for pace in [ProducerTrial<P>.Pace.all, .random] {
            guard let difference = difference(reference, try trial.run(pace)) else { continue }
            throw StageViolation(rule: "P8", seed: seed, message: "asked one by one and asked for more, \(difference)")
        }
        for interruption in [ProducerTrial<P>.Ending.drain, .cancel] {
            let emitted = Array(try trial.run(.random, interruption).prefix(limit))
            guard let difference = difference(Array(reference.prefix(emitted.count)), emitted) else { continue }
            throw StageViolation(rule: "P5", seed: seed, message: "left alone and interrupted, \(difference)")
        }
    }
}
