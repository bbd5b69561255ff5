import Sluice

/// One run of a stage that receives given events.
struct ReceiverTrial<Event: Sendable, Outcome: Sendable>: Sendable {
    /// What a stage is started with.
    struct Bench: Sendable {
        let stages: Stages
        let source: StageHandle<CutSource<Event>>
        let cut: Cut
        let record: CallRecord
        let clock: TestClock
    }

    /// A stage that has been started and subscribed.
    struct Subject: Sendable {
        /// Does the consumers' part until the stage has handled everything.
        var drive: @Sendable () async throws -> Void = {}
        /// What has come of the events so far.
        let outcome: @Sendable () -> Outcome?
    }

    /// The letter of the rules.
    let letter: String
    let events: [Event]
    let seed: UInt64
    let start: @Sendable (Bench) async throws -> Subject

    /// Runs it undisturbed, to the end of the events.
    func run(_ cut: Cut) throws(StageViolation) -> Outcome {
        let outcome = try run(cut) { subject, _ in try await subject.drive() }
        guard let outcome else { throw violation(1, "it ended before it had handled everything") }
        return outcome
    }

    /// Runs it and cancels the graph at some moment.
    func runCancelled(_ cut: Cut) throws(StageViolation) {
        _ = try run(cut, isCancelled: true) { [seed] _, clock in
            var generator = SeededGenerator(seed: seed)
            for _ in 0..<Int.random(in: 0..<60, using: &generator) { await Task.yield() }
            let time = Int.random(in: 0..<2000, using: &generator)
            if time % 2 == 0 { try await clock.sleep(for: .milliseconds(time)) }
        }
    }

    private func run(
        _ cut: Cut,
        isCancelled: Bool = false,
        _ body: @escaping @Sendable (Subject, TestClock) async throws -> Void
    ) throws(StageViolation) -> Outcome? {
        let executor = DeterministicExecutor(seed: seed)
        let clock = executor.clock
        let record = CallRecord()
        let outcome: Outcome?
        do {
            outcome = try executor.run {
                var subject: Subject?
                do {
                    try await withStages(clock: clock) { stages in
                        let source = stages.start { [events] in CutSource(events: events[...], size: cut.message) }
                        let bench = Bench(stages: stages, source: source, cut: cut, record: record, clock: clock)
                        let started = try await start(bench)
                        subject = started
                        stages.go()
                        try await body(started, clock)
                        if isCancelled { stages.cancel() }
                    }
                } catch is CancellationError where isCancelled {
                    // As it should be.
                }
                return subject?.outcome()
            }
        } catch is DeterministicExecutor.Stuck {
            throw violation(
                isCancelled ? 3 : 1,
                isCancelled ? "the cancelled call never returns" : "a call never returns"
            )
        } catch let violation as StageViolation {
            throw violation
        } catch {
            throw self.violation(1, "it failed: \(error)")
        }
        if let violation = record.violation(seed) { throw violation }
        return outcome
    }

    func violation(_ rule: Int, _ message: String) -> StageViolation {
        StageViolation(rule: "\(letter)\(rule)", seed: seed, message: message)
    }
}
