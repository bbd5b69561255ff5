public import Sluice

/// Runs a stage between others in graphs, under many schedules, and checks that it keeps the rules.
///
/// - T1. It handles messages of any size, from one event to all at once: it neither fails nor stalls.
/// - T2. What it emits, and in which order, does not depend on how the events are cut into messages, nor on how much its
///   consumers ask for at once.
/// - T3. A call that is cancelled comes to an end.
/// - T4. A cancelled call returns, or throws `CancellationError`, and no other error.
/// - T5. A fresh instance starts afresh: from the same events a second one makes what the first one has made.
///
/// ```swift
/// try checkProducerConsumer(Array(1...50)) { _ in Multiplier(factor: 2) }
/// ```
///
/// - Parameters:
///   - events: What it is to handle in each run, at least one event.
///   - seeds: Each is one schedule, and one choice of messages and of a moment of cancellation. A seed replays.
///   - make: Makes a fresh stage for each run; the clock is that of the run.
/// - Throws: The first violation, with its rule and seed.
public func checkProducerConsumer<S: ProducerConsumer>(
    _ events: [S.Input],
    seeds: Range<UInt64> = 0..<50,
    make: @escaping @Sendable (TestClock) async throws -> S
) throws(StageViolation) where S.Output: Equatable {
    precondition(!events.isEmpty, "A check needs at least one event")
    for seed in seeds {
        let trial = ReceiverTrial<S.Input, [S.Output]>(letter: "T", events: events, seed: seed) { bench in
            let (probe, cut) = (ConsumerProbe<S.Output>(), bench.cut)
            let stage = bench.stages.start {
                ObservedProducerConsumer(base: try await make(bench.clock), record: bench.record)
            }
            try await stage.subscribe(to: bench.source, maxDemand: cut.maxDemand, minDemand: cut.minDemand)
            try await bench.stages.start(probe).subscribe(to: stage)
            probe.ask(cut.message)
            let drive: @Sendable () async throws -> Void = {
                while !probe.hasEnded {
                    let count = try await probe.take(cut.message, within: .seconds(1_000_000)).count
                    guard count == cut.message || probe.hasEnded else {
                        throw StageViolation(rule: "T1", seed: seed, message: "it emitted no more for ever")
                    }
                    probe.ask(cut.message)
                }
            }
            return .init(drive: drive, outcome: { probe.events })
        }
        let reference = try trial.run(.one)
        if let difference = difference(reference, try trial.run(.one)) {
            throw trial.violation(5, "of two fresh instances, \(difference)")
        }
        for cut in [Cut.whole(events.count), .random(events.count, seed)] {
            guard let difference = difference(reference, try trial.run(cut)) else { continue }
            throw trial.violation(2, "event by event and in larger messages, \(difference)")
        }
        try trial.runCancelled(.random(events.count, seed))
    }
}

/// A stage between others whose calls are looked at.
private struct ObservedProducerConsumer<Base: ProducerConsumer>: ProducerConsumer {
    var base: Base
    let record: CallRecord

    mutating func handleEvents(_ events: [Base.Input]) async throws -> [Base.Output] {
        do {
            return try await base.handleEvents(events)
        } catch {
            record.threw(error, rule: "T4")
            throw error
        }
    }

    mutating func handleEnd() async throws -> [Base.Output] {
        do {
            return try await base.handleEnd()
        } catch {
            record.threw(error, rule: "T4")
            throw error
        }
    }
}
