import Sluice

/// One run of a producer before a consumer that asks in some way.
struct ProducerTrial<P: Producer>: Sendable where P.Output: Equatable {
    /// How the consumer asks.
    enum Pace {
        case one
        case all
        case random
    }

    /// How the run ends.
    enum Ending {
        /// With the producer, or with the last event that is looked at.
        case complete
        case drain
        case cancel
    }

    let make: @Sendable (StageContext, TestClock) async throws -> P
    let limit: Int
    let surplus: Int
    let seed: UInt64

    /// How long the producer may take for what it was asked for; the time is virtual.
    private var patience: Duration { .seconds(1_000_000) }

    /// - Returns: What it has emitted.
    func run(_ pace: Pace, _ ending: Ending = .complete) throws(StageViolation) -> [P.Output] {
        let executor = DeterministicExecutor(seed: seed)
        let clock = executor.clock
        let record = CallRecord()
        let probe = ConsumerProbe<P.Output>()
        do {
            try executor.run {
                try await withStages(clock: clock) { stages in
                    let source = stages.start { context in
                        let base = try await make(context, clock)
                        return ObservedProducer(base: base, record: record, clock: clock, surplus: surplus)
                    }
                    let sink = stages.start(probe)
                    try await sink.subscribe(to: source)
                    stages.go()
                    try await drive(probe, pace, stages, ending)
                }
            }
        } catch {
            if let problem = record.violation(seed) ?? violation(of: error, ending) { throw problem }
        }
        if let violation = record.violation(seed) { throw violation }
        return probe.events
    }

    private func drive(_ probe: ConsumerProbe<P.Output>, _ pace: Pace, _ stages: Stages, _ ending: Ending) async throws
    {
        var generator = SeededGenerator(seed: seed)
        let end = ending == .complete ? limit : Int.random(in: 0...limit, using: &generator)
        var asked = 0
        while asked < end, !probe.hasEnded {
            let count =
                switch pace {
                case .one: 1
                case .all: end
                case .random: Int.random(in: 1...end - asked, using: &generator)
                }
            probe.ask(count)
            asked += count
            let got = try await probe.take(count, within: patience).count
            guard got == count || probe.hasEnded else {
                throw StageViolation(
                    rule: "P9",
                    seed: seed,
                    message: "asked for \(count) events, it emitted \(got), and no more for ever"
                )
            }
        }
        guard ending != .complete else { return stages.cancel() }
        // Somewhere in a call, or before one, or after one.
        probe.ask(Int.random(in: 1...limit, using: &generator))
        for _ in 0..<Int.random(in: 0..<40, using: &generator) { await Task.yield() }
        guard ending == .drain else { return stages.cancel() }
        stages.drain(within: .seconds(60))
        // What it has emitted must be asked for, or the drain waits for the consumer.
        probe.ask(1 << 30)
    }

    /// - Returns: Nil if the run has ended as it should.
    private func violation(of error: any Error, _ ending: Ending) -> StageViolation? {
        switch error {
        case let violation as StageViolation:
            return violation
        case is CancellationError:
            return nil
        case is DeterministicExecutor.Stuck where ending == .complete:
            return StageViolation(rule: "P9", seed: seed, message: "nothing can happen any more")
        case is DeterministicExecutor.Stuck:
            return StageViolation(rule: "P3", seed: seed, message: "the interrupted call never returns")
        case let error as StageError where error.code == .drainDeadlineExceeded:
            return StageViolation(rule: "P3", seed: seed, message: "the call took no notice of the drain: \(error)")
        default:
            return StageViolation(rule: "P9", seed: seed, message: "it failed: \(error)")
        }
    }
}
