import SluiceTesting
import Testing

@testable import Sluice

/// On real threads: stages that fail, are started afresh, leave and come back while others run.
@Suite struct RealExecutorSupervisionTests {
    /// Passes events on, and fails by chance.
    struct Fragile: ProducerConsumer {
        var generator: SeededGenerator
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            if generator.chance(20) { throw Broken() }
            if generator.chance(10) { await Task.yield() }
            return events
        }
    }

    @Test(arguments: UInt64(0)..<40) func everyEventIsHandledOnceOrLostOnce(seed: UInt64) async throws {
        let total = 3000
        let (log, lost, restarts) = (Log<Int>(), Log<Int>(), Log<Int>())
        let hook: @Sendable ([Int], any Error) -> Void = { events, _ in lost.append(events) }
        let strategies: [RestartStrategy] = [.oneForOne, .restForOne, .oneForAll]
        try await withStages(reporting: { if case .failed = $0 { restarts.append([1]) } }) { stages in
            let group = stages.group(
                restart: .upTo(100_000, within: .seconds(60)),
                strategy: strategies[Int(seed % 3)]
            )
            let source = stages.start { Counter(end: total) }
            let relays = (0..<3).map { number in
                group.start(lost: hook) { Fragile(generator: SeededGenerator(seed: seed * 8 + UInt64(number))) }
            }
            let sinks = (0..<2).map { _ in stages.start(lost: hook) { Collector(log: log) } }
            for relay in relays {
                try await relay.subscribe(to: source, maxDemand: 7)
                for sink in sinks { try await sink.subscribe(to: relay, maxDemand: 5, minDemand: 2) }
            }
            stages.go()
            // One consumer comes and goes meanwhile.
            let guest = stages.start(lost: hook) { Collector(log: log) }
            for _ in 0..<20 {
                let subscription = try? await guest.subscribe(to: relays[0], maxDemand: 3)
                await Task.yield()
                subscription?.cancel()
                _ = await subscription?.end
            }
        }
        #expect((log.all + lost.all).sorted() == Array(0..<total))
        #expect(!restarts.all.isEmpty)
    }
}
