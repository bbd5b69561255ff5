import SluiceTesting
import Testing

@testable import Sluice

/// Loops over several stages under many schedules, some left or cancelled on the way.
@Suite struct EventsSimulationTests {
    struct Event: Sendable, Equatable {
        var stage: Int
        var number: Int
    }

    enum Ending: CaseIterable {
        case complete, left, cancelled, drained, graphCancelled
    }

    struct Plan {
        var counts: [Int]
        var windows: [(max: Int, min: Int)]
        var ending: Ending
        /// After how many events it ends.
        var end: Int

        init(seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            counts = (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0...40, using: &random) }
            windows = counts.map { _ in
                let max = Int.random(in: 1...12, using: &random)
                return (max, Int.random(in: 0..<max, using: &random))
            }
            ending = Ending.allCases.randomElement(using: &random) ?? .complete
            end = Int.random(in: 0...30, using: &random)
        }
    }

    /// - Returns: What the loop saw, and what was ever emitted.
    private static func run(_ plan: Plan, seed: UInt64) throws -> (seen: [Event], emitted: [Event], error: Bool) {
        let (seen, emitted) = (Log<Event>(), Log<Event>())
        let executor = DeterministicExecutor(seed: seed)
        var error = false
        do {
            try executor.run { try await loop(plan, executor.clock, seen, emitted, seed) }
        } catch is CancellationError {
            error = true
        }
        return (seen.all, emitted.all, error)
    }

    private static func loop(
        _ plan: Plan,
        _ clock: TestClock,
        _ seen: Log<Event>,
        _ emitted: Log<Event>,
        _ seed: UInt64
    ) async throws {
        try await withStages(clock: clock) { stages in
            var events = StageEvents<Event>(stages: stages)
            var handles: [() -> Int] = []
            for (stage, count) in plan.counts.enumerated() {
                let handle = stages.start {
                    Counter(end: count).map { Event(stage: stage, number: $0) }.tap { emitted.append([$0]) }
                }
                let window = plan.windows[stage]
                events = try events.merging(handle, maxDemand: window.max, minDemand: window.min)
                // A stage that has finished keeps the number that it had then.
                handles.append { handle.storage.hasEnded ? 0 : handle.demand }
            }
            let loop = events
            await withTaskGroup { group in
                group.addTask {
                    let end = await failure {
                        for try await event in loop {
                            seen.append([event])
                            if event.number % 3 == 0 { await Task.yield() }
                            guard seen.all.count == plan.end else { continue }
                            switch plan.ending {
                            case .complete: break
                            case .left: return
                            case .cancelled: withUnsafeCurrentTask { $0?.cancel() }
                            case .drained: stages.drain()
                            case .graphCancelled: stages.cancel()
                            }
                        }
                    }
                    #expect(end == nil || end is CancellationError, "SLUICE_SEED=\(seed)")
                }
            }
            guard plan.ending != .graphCancelled else { return }
            await settle(clock)
            for demand in handles { #expect(demand() == 0, "SLUICE_SEED=\(seed)") }
        }
    }

    @Test func theLoopSeesEachEventOnceAndInOrderAndAlwaysEnds() throws {
        for seed in SimulationTests.seeds.prefix(1000) {
            let plan = Plan(seed: seed)
            let (seen, emitted, error) = try Self.run(plan, seed: seed)
            #expect(!error || plan.ending == .graphCancelled, "SLUICE_SEED=\(seed)")
            for (stage, count) in plan.counts.enumerated() {
                let mine = seen.filter { $0.stage == stage }.map(\.number)
                #expect(mine == Array(0..<mine.count), "SLUICE_SEED=\(seed)")
                let sent = emitted.count { $0.stage == stage }
                switch plan.ending {
                case .complete: #expect(mine.count == count, "SLUICE_SEED=\(seed)")
                case .drained: #expect(mine.count == sent, "SLUICE_SEED=\(seed)")
                default: #expect(sent - mine.count <= plan.windows[stage].max, "SLUICE_SEED=\(seed)")
                }
            }
        }
    }
}
