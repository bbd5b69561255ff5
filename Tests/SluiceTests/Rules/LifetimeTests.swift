import SluiceTesting
import Synchronization
import Testing

@testable import Sluice

/// Nothing of a graph outlives it.
@Suite struct LifetimeTests {
    final class Count: Sendable {
        private let state = Mutex(0)
        var value: Int { state.withLock { $0 } }
        func add(_ change: Int) { state.withLock { $0 += change } }
    }

    /// What a user's closure or event refers to.
    final class Token: Sendable {
        let count: Count
        init(_ count: Count) {
            self.count = count
            count.add(1)
        }
        deinit { count.add(-1) }
    }

    enum Ending: CaseIterable, Sendable {
        case complete, drained, cancelled, failed
    }

    struct TokenSource: Producer {
        let count: Count
        var left = 50
        mutating func handleDemand(_ demand: Int) async throws -> [Token]? {
            guard left > 0 else { return nil }
            let size = min(left, demand)
            left -= size
            return (0..<size).map { _ in Token(count) }
        }
    }

    struct TokenSink: Consumer {
        let fails: Bool
        let clock: TestClock
        mutating func handleEvents(_ events: [Token]) async throws {
            if fails { throw Broken() }
            try await clock.sleep(for: .seconds(1))
        }
    }

    @Test("G18: everything is freed when the graph has ended, in whatever way", arguments: Ending.allCases)
    func everythingIsFreedWhenTheGraphHasEnded(_ ending: Ending) throws {
        let count = Count()
        weak var scope: ScopeStorage?
        try underEachSchedule { clock in
            _ = try? await withStages(clock: clock) { stages in
                let captured = Token(count)
                let source = stages.start {
                    _ = captured
                    return TokenSource(count: count)
                }
                let sink = stages.start {
                    _ = captured
                    return TokenSink(fails: ending == .failed, clock: clock)
                }
                try await sink.subscribe(to: source, maxDemand: 8)
                stages.go()
                await settle(clock)
                if ending == .cancelled { stages.cancel() }
                if ending == .drained { stages.drain() }
            }
            #expect(count.value == 0)
        }
        let executor = DeterministicExecutor(seed: 1)
        let weakScope = try executor.run { () async throws -> WeakScope in
            let box = WeakScope()
            _ = try? await withStages { stages in
                box.set(stages.scope)
                let numbers = stages.start { Counter() }
                let sink = stages.start { Collector(log: Log<Int>()) }
                try await sink.subscribe(to: numbers)
                stages.cancel()
            }
            return box
        }
        scope = weakScope.scope
        #expect(scope == nil)
    }

    final class WeakScope: @unchecked Sendable {
        private(set) weak var scope: ScopeStorage?
        func set(_ scope: ScopeStorage) { self.scope = scope }
    }

    /// Probes keep what their stage was given, and the stage's closure keeps the probe.
    @Test func aStageIsFreedThoughItsClosureHoldsWhatHoldsIt() throws {
        let count = Count()
        try underEachSchedule { clock in
            do {
                let source = ProducerProbe<Token>()
                let sink = ConsumerProbe<Token>()
                source.send([Token(count)])
                try await withStages(clock: clock) { stages in
                    let from = stages.start(source)
                    let to = stages.start(sink)
                    try await to.subscribe(to: from)
                    sink.ask(2)
                    source.finish()
                }
                #expect(sink.events.count == 1)
            }
            #expect(count.value == 0)
        }
    }
}
