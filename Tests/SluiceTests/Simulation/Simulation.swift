import SluiceTesting

@testable import Sluice

/// Runs one plan under one schedule and judges it.
struct Simulation {
    let plan: SimulationPlan
    var faulty: FaultyDispatcher?

    init(_ plan: SimulationPlan, faulty: FaultyDispatcher? = nil) {
        self.plan = plan
        self.faulty = faulty
    }

    /// How a run ended.
    enum Ending: Hashable {
        case complete
        case failed
        case cancelled
        /// Its drain took longer than it was given.
        case late
        case wrong
    }

    struct Verdict: Equatable {
        var ending: Ending
        var handled: [SimulatedEvent.Identity] = []
        /// What is wrong; nil if nothing is.
        var problem: String?
    }

    func run() -> Verdict {
        let executor = DeterministicExecutor(seed: plan.seed)
        let journal = SimulationJournal()
        // The handle refers to the graph, and the graph to the journal.
        defer { journal.began(nil) }
        let checks = SimulationChecks()
        do {
            let outcome = try executor.run(
                afterEachJob: {
                    if let stages = journal.stages { try checks.check(stages.snapshots, journal) }
                },
                { await run(journal, executor.clock) }
            )
            return judge(outcome, journal)
        } catch {
            return Verdict(ending: .wrong, problem: "\(error)")
        }
    }

    private func run(_ journal: SimulationJournal, _ clock: TestClock) async -> (any Error)? {
        await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do {
                    try await graph(journal, clock)
                    return nil
                } catch {
                    return error
                }
            }
            guard let seconds = plan.cancelledAfter else { return await group.next() ?? nil }
            group.addTask {
                try? await clock.sleep(for: .seconds(seconds))
                return SimulationViolation(description: "cancelled")
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            let second = await group.next() ?? nil
            return first is SimulationViolation ? second : first
        }
    }

    private func graph(_ journal: SimulationJournal, _ clock: TestClock) async throws {
        try await withStages(clock: clock) { stages in
            journal.began(stages)
            let graph = SimulatedGraph(plan, stages, journal, clock, faulty: faulty)
            do {
                try await wire(graph, stages, clock)
            } catch let error as StageError where error.code == .stageEnded || error.code == .closed {
                // A stage can end while the script still wants something of it.
            }
            for (index, source) in plan.sources.enumerated() where source.kind == .fed {
                try? await graph.feed(index, 0)
            }
            guard plan.sources.contains(where: { $0.kind == .drowsy }) else { return }
            stages.go()
            var patience = 500
            while journal.endedSources < plan.sources.count, patience > 0 {
                journal.wakeAll()
                try? await clock.sleep(for: .seconds(1))
                if Task.isCancelled { return }
                patience -= 1
            }
        }
    }

    private func wire(_ graph: SimulatedGraph, _ stages: Stages, _ clock: TestClock) async throws {
        var generator = SeededGenerator(seed: plan.seed ^ 0xB0D7)
        var subscriptions: [Subscription] = []
        for edge in plan.edges { subscriptions.append(try await graph.connect(edge)) }
        for action in plan.script {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: break
            case 1: try await clock.sleep(for: .seconds(Int.random(in: 1...3, using: &generator)))
            default: for _ in 0..<Int.random(in: 1...10, using: &generator) { await Task.yield() }
            }
            do {
                switch action {
                case .perform(let stage): try await graph.perform(on: stage)
                case .feed(let source, let count): try await graph.feed(source, count)
                case .subscribe(let edge): _ = try await graph.connect(edge)
                case .cancel(let edge): subscriptions[edge].cancel()
                case .drain(let deadline): stages.drain(within: deadline)
                case .go: stages.go()
                }
            } catch let error as StageError where error.code == .stageEnded || error.code == .closed {
                continue
            }
        }
    }

    private func judge(_ outcome: (any Error)?, _ journal: SimulationJournal) -> Verdict {
        var verdict = Verdict(ending: ending(outcome), handled: journal.handled, problem: journal.violation)
        guard verdict.problem == nil else { return verdict }
        let handled = journal.handled.sorted()
        var expected = journal.emitted
        for transform in plan.transforms { expected = expected.flatMap(transform.apply) }
        expected.sort()
        if journal.liveStages > 0 {
            verdict.problem = "\(journal.liveStages) stages have outlived their graph"
        } else if verdict.ending == .wrong {
            verdict.problem = outcome.map { "the graph ended with \($0)" }
        } else if verdict.ending == .complete {
            if handled != expected { verdict.problem = difference(handled, expected) }
        } else {
            let isDoubled = zip(handled, handled.dropFirst()).contains { $0 == $1 }
            let isInvented = !Set(handled).isSubset(of: expected)
            if isDoubled || isInvented { verdict.problem = difference(handled, expected) }
        }
        return verdict
    }

    private func ending(_ outcome: (any Error)?) -> Ending {
        switch outcome {
        case nil: .complete
        case let failure as SimulatedFailure where failure.stage == plan.failure?.stage: .failed
        case is CancellationError where plan.cancelledAfter != nil: .cancelled
        case let error as StageError where error.code == .drainDeadlineExceeded && plan.hasDeadline: .late
        case .some: .wrong
        }
    }

    private func difference(
        _ handled: [SimulatedEvent.Identity],
        _ expected: [SimulatedEvent.Identity]
    ) -> String {
        let lost = Set(expected).subtracting(handled).sorted().prefix(3)
        let doubled = zip(handled, handled.dropFirst()).filter { $0 == $1 }.map(\.0).prefix(3)
        return "handled \(handled.count) of \(expected.count) events; lost \(lost), doubled \(doubled)"
    }
}
