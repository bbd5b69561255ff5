import Testing

@testable import Sluice

/// On real threads.
@Suite struct RealExecutorPoolTests {
    @Test func everyEventIsDoneOnceWithSeveralProducersAndConsumers() async throws {
        let (bench, results, failures) = (Workbench(), Log<Int>(), Log<Int>())
        try await withStages { stages in
            let pool = stages.start {
                WorkerPool(
                    concurrency: 5,
                    timeout: .seconds(1000),
                    retry: RetryPolicy(attempts: 2, base: .zero),
                    orderedBy: { $0 % 17 },
                    onFailure: .report { failures.append([$0.event]) }
                ) { (event: Int) async throws -> Int in
                    try await bench.work(on: event) {
                        if event % 3 == 0 { await Task.yield() }
                        if event % 10 == 0 { throw Broken() }
                        return event
                    }
                }
            }
            for first in [0, 2000] {
                let numbers = stages.start { Counter(next: first, end: first + 2000) }
                try await pool.subscribe(to: numbers, maxDemand: 30)
            }
            for window in [1, 3, 50] {
                let sink = stages.start { Collector(log: results) }
                try await sink.subscribe(to: pool, maxDemand: window, minDemand: 0)
            }
        }
        #expect(bench.peak <= 5)
        #expect(results.all.sorted() == (0..<4000).filter { $0 % 10 > 0 })
        #expect(failures.all.sorted() == (0..<4000).filter { $0 % 10 == 0 })
    }

    @Test func poolsAreDrainedAndCancelledAtAnyMoment() async throws {
        for round in 0..<200 {
            let bench = Workbench()
            do {
                try await withStages { stages in
                    let numbers = stages.start { Counter() }
                    let pool = stages.start {
                        WorkerPool(concurrency: 3, timeout: round % 3 == 0 ? .seconds(1000) : nil) { (event: Int) in
                            await bench.work(on: event) { await Task.yield() }
                            return event
                        }
                    }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await pool.subscribe(to: numbers)
                    try await sink.subscribe(to: pool, maxDemand: 2)
                    stages.go()
                    for _ in 0..<round % 23 { await Task.yield() }
                    if round % 2 == 0 { stages.drain() } else { stages.cancel() }
                }
                #expect(round % 2 == 0)
            } catch {
                #expect(error is CancellationError && round % 2 == 1)
            }
            #expect(bench.running == 0 && bench.peak <= 3)
        }
    }
}
