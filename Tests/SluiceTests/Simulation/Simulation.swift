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
        /// What became of its failures.
        var reports: Set<SimulationJournal.Report> = []
        /// What is wrong; nil if nothing is.
        var problem: String?
    }

    func run() -> Verdict {
        let executor = DeterministicExecutor(seed: plan.seed)
        let journal = SimulationJournal()
        // The handle refers to the graph, and the graph to the journal.
        defer { journal.began(nil) }
        let checks = SimulationChecks(plan: plan)
        do {
            let outcome = try executor.run(
                afterEachJob: {
                    if let stages = journal.stages { try checks.check(stages.snapshots, journal) }
                },
                { await run(journal, executor.clock) }
            )
            return judge(outcome, journal)
        } catch {
            let graph = journal.stages.map { "\($0.snapshot())" } ?? ""
            return Verdict(ending: .wrong, problem: "\(error)\n\(graph)\(plan)")
        }
    }

    private func run(_ journal: SimulationJournal, _ clock: TestClock) async -> (any Error)? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Not for ever: a graph that comes to no end is to be found stuck.
                for _ in 0..<1000 {
                    journal.wakeAll()
                    guard (try? await clock.sleep(for: .seconds(1))) != nil else { return }
                }
            }
            defer { group.cancelAll() }
            return await runGraph(journal, clock)
        }
    }

    private func runGraph(_ journal: SimulationJournal, _ clock: TestClock) async -> (any Error)? {
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
        try await withStages(clock: clock, reporting: { journal.reported($0) }) { stages in
            journal.began(stages)
            let graph = SimulatedGraph(plan, stages, journal, clock, faulty: faulty)
            do {
                try await wire(graph, stages, clock)
            } catch let error as StageError where Self.isExpected(error) {
            }
            for (index, source) in plan.sources.enumerated() where source.kind == .fed {
                try? await graph.feed(index, 0)
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
                case .disconnect(let edge): graph.disconnect(subscriptions[edge], from: plan.edges[edge].producer)
                case .resubscribe(let edge):
                    try await graph.resubscribe(subscriptions[edge], to: plan.edges[edge].producer)
                case .pause(let edge): subscriptions[edge].pause()
                case .resume(let edge): subscriptions[edge].resume()
                case .drain(let deadline): stages.drain(within: deadline)
                case .go: stages.go()
                }
            } catch let error as StageError where Self.isExpected(error) {
                continue
            }
        }
    }

    /// A stage can end while the script still wants something of it.
    private static func isExpected(_ error: StageError) -> Bool {
        error.code == .stageEnded || error.code == .closed || error.code == .refused
    }

    private func judge(_ outcome: (any Error)?, _ journal: SimulationJournal) -> Verdict {
        var verdict = Verdict(
            ending: ending(outcome),
            handled: journal.handled,
            reports: journal.reports,
            problem: journal.violation
        )
        guard verdict.problem == nil else { return verdict }
        let handled = journal.handled.sorted()
        var expected = journal.emitted
        for transform in plan.transforms { expected = expected.flatMap(transform.apply) }
        expected.sort()
        if journal.liveStages > 0 {
            verdict.problem = "\(journal.liveStages) stages have outlived their graph"
        } else if verdict.ending == .wrong {
            verdict.problem = outcome.map { "the graph ended with \($0)" }
        } else if let problem = fateProblem(journal) {
            verdict.problem = problem
        } else if plan.dispatchers.contains(where: \.copies) {
            // There are as many copies of an event as ways that it could take.
            if !Set(handled).isSubset(of: expected) { verdict.problem = difference(handled, expected) }
        } else if verdict.ending == .complete, !journal.hasLosses {
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
        case let failure as SimulatedFailure where plan.failures.contains { $0.stage == failure.stage }: .failed
        case is CancellationError where plan.cancelledAfter != nil: .cancelled
        case let error as StageError where error.code == .drainDeadlineExceeded && plan.hasDeadline: .late
        case .some: .wrong
        }
    }

    /// Each event is handled once, or lost once, or discarded once; of one that goes to several consumers, each copy.
    private func fateProblem(_ journal: SimulationJournal) -> String? {
        let fates = journal.fates
        for stage in 0..<plan.stageCount {
            for position in 0..<journal.memory(of: stage).emitted {
                let fate = fates[[stage, position]] ?? []
                if fate.isEmpty { return "event \(position) of stage \(stage) has vanished" }
                let isOne = plan.dispatchers[stage].copies ? fate.count { $0 == "discarded" } <= 1 : fate.count == 1
                if !isOne { return "event \(position) of stage \(stage) was \(fate)" }
            }
        }
        return nil
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
