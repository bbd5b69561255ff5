import SluiceTesting
import Testing

@testable import Sluice

/// GenStage's scenarios K; SCENARIOS.md tells what became of those that are not here.
@Suite struct ConsumerSupervisorTests {
    /// A probe feeds a pool whose events end when the test says so.
    private func withPool(
        _ concurrency: Int,
        retry: RetryPolicy = .never,
        _ body:
            @escaping @Sendable (
                ProducerProbe<Int>, StageHandle<WorkerPool<Int, Void>>, Workbench, TestClock
            ) async throws -> Void
    ) throws {
        try underEachSchedule { clock in
            let (probe, bench) = (ProducerProbe<Int>(), Workbench())
            try await withStages(clock: clock) { stages in
                let source = stages.start { context in probe.stage(context) }
                let pool = stages.start {
                    WorkerPool(concurrency: concurrency, retry: retry, onFailure: .report { _ in }) { (event: Int) in
                        await bench.waitForEnd(of: event)
                        if event < 0 { throw Broken() }
                    }
                }
                try await pool.subscribe(to: source)
                stages.go()
                try await body(probe, pool, bench, clock)
                probe.finish()
            }
            #expect(bench.running == 0)
        }
    }

    @Test("K5: without a retry a failed event is gone") func failedEventsAreNotTriedAgain() throws {
        try withPool(1) { probe, pool, bench, clock in
            bench.end(-1)
            probe.send([-1])
            await settle(clock)
            #expect(bench.begun == [-1])
            #expect(pool.counts == WorkerPoolCounts(failed: 1))
        }
    }

    @Test("K6: an event that succeeds is not tried again, one that fails is")
    func onlyFailedEventsAreTriedAgain() throws {
        try withPool(2, retry: RetryPolicy(attempts: 2, base: .zero)) { probe, pool, bench, clock in
            bench.end(-1, 2)
            probe.send([-1, 2])
            await settle(clock)
            #expect(bench.begun.filter { $0 == -1 }.count == 2 && bench.begun.filter { $0 == 2 }.count == 1)
            #expect(pool.counts == WorkerPoolCounts(done: 1, failed: 1, retried: 1))
        }
    }

    @Test("K8: an event is tried until it succeeds") func triedUntilItSucceeds() throws {
        try underEachSchedule { clock in
            let (bench, log) = (Workbench(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start { Counter(end: 3) }
                let pool = stages.start {
                    WorkerPool(concurrency: 2, retry: RetryPolicy(attempts: 10)) { (event: Int) in
                        try await bench.work(on: event) {
                            if bench.begun.filter({ $0 == event }).count < 5 { throw Broken() }
                        }
                        log.append([event])
                    }
                }
                try await pool.subscribe(to: source)
            }
            #expect(log.all.sorted() == [0, 1, 2])
            #expect(bench.begun.count == 15)
        }
    }

    @Test("K9: a burst of failing events harms no other event") func noBudgetIsShared() throws {
        try withPool(3, retry: RetryPolicy(attempts: 3, base: .zero)) { probe, pool, bench, clock in
            probe.send([1])
            await settle(clock)
            for event in 1...50 { bench.end(-event) }
            probe.send((1...50).map { -$0 })
            await settle(clock)
            #expect(pool.counts == WorkerPoolCounts(active: 1, failed: 50, retried: 100))
            bench.end(1)
        }
    }

    @Test("K12: a pool refuses what any stage refuses") func refusals() throws {
        try underEachSchedule { clock in
            let ended = try await withStages(clock: clock) { stages in
                let source = stages.start { Counter(end: 3) }
                let pool = stages.start { WorkerPool(concurrency: 2) { (event: Int) in event } }
                for window in [0, -1, DemandLedger.limit + 1] {
                    let error = await #expect(throws: StageError.self) {
                        try await pool.subscribe(to: source, maxDemand: window)
                    }
                    #expect(error?.code == .badWindow)
                }
                let error = await #expect(throws: StageError.self) { try await pool.subscribe(to: pool) }
                #expect(error?.code == .selfSubscription)
                return (pool, source)
            }
            let error = await #expect(throws: StageError.self) { try await ended.0.subscribe(to: ended.1) }
            #expect(error?.code == .closed)
        }
    }

    @Test("K13: events start workers; those that fail stop nothing") func eventsStartWorkers() throws {
        try withPool(4) { probe, pool, bench, clock in
            bench.end(-1, -2)
            probe.send([1, -1, -2, 2])
            await settle(clock)
            #expect(pool.counts == WorkerPoolCounts(active: 2, failed: 2))
            bench.end(1, 2)
            await settle(clock)
            #expect(pool.counts == WorkerPoolCounts(done: 2, failed: 2))
        }
    }

    @Test("K14: three events of a source that ends are worked on at once") func threeEventsOfAnEndingSource() throws {
        try withPool(8) { probe, pool, bench, clock in
            probe.send([1, 2, 3])
            probe.finish()
            await settle(clock)
            #expect(pool.counts == WorkerPoolCounts(active: 3))
            bench.end(1, 2, 3)
        }
    }

    @Test("K15: with one worker the next event starts when the last has ended, in whatever way")
    func oneAtATime() throws {
        try withPool(1) { probe, pool, bench, clock in
            bench.end(-1, -2)
            probe.send([1, -1, -2, 2, 3])
            await settle(clock)
            #expect(bench.begun == [1])
            bench.end(1)
            await settle(clock)
            #expect(bench.begun == [1, -1, -2, 2])
            bench.end(2)
            await settle(clock)
            #expect(bench.begun == [1, -1, -2, 2, 3])
            #expect(probe.demands.allSatisfy { $0 == 1 })
            bench.end(3)
        }
    }

    @Test("K16: an event that waits for its next attempt keeps its slot") func aWaitKeepsTheSlot() throws {
        try withPool(1, retry: RetryPolicy(attempts: 2, base: .seconds(60), maximum: .seconds(60))) {
            probe,
            pool,
            bench,
            clock in
            bench.end(-1, 2)
            probe.send([-1, 2])
            await settle(clock)
            try await clock.sleep(for: .seconds(30))
            #expect(bench.begun == [-1])
            #expect(pool.counts == WorkerPoolCounts(active: 1, retried: 1))
            try await clock.sleep(for: .seconds(31))
            #expect(bench.begun == [-1, -1, 2])
        }
    }

    @Test("K17: work goes on when its producer is gone") func workOutlivesItsProducer() throws {
        try underEachSchedule { clock in
            let (probe, bench) = (ProducerProbe<Int>(), Workbench())
            try await withStages(clock: clock) { stages in
                let source = stages.start { context in probe.stage(context) }
                let pool = stages.start {
                    WorkerPool(concurrency: 2) { (event: Int) in await bench.waitForEnd(of: event) }
                }
                let subscription = try await pool.subscribe(to: source, maxDemand: 3)
                stages.go()
                probe.send([1, 2, 3])
                await settle(clock)
                subscription.cancel()
                probe.finish()
                await settle(clock)
                #expect(pool.counts == WorkerPoolCounts(active: 2, waiting: 1))
                bench.end(1, 2, 3)
                await settle(clock)
                #expect(pool.counts == WorkerPoolCounts(done: 3))
            }
        }
    }

    @Test("K18: each end asks for one more at once, and not for two together") func refillIsImmediate() throws {
        try withPool(3) { probe, pool, bench, clock in
            probe.send(Array(1...6))
            await settle(clock)
            #expect(bench.begun.sorted() == [1, 2, 3])
            bench.end(2)
            await settle(clock)
            #expect(bench.begun.sorted() == [1, 2, 3, 4])
            bench.end(1, 3)
            await settle(clock)
            #expect(bench.begun.sorted() == [1, 2, 3, 4, 5, 6])
            #expect(bench.peak == 3)
            bench.end(4, 5, 6)
        }
    }

    @Test("K19: nothing is asked for while what was asked for runs") func noAskWhileAllRun() throws {
        try withPool(3) { probe, pool, bench, clock in
            probe.send([1, 2])
            await settle(clock)
            #expect(probe.demands == [3, 1])
            #expect(pool.counts == WorkerPoolCounts(active: 2))
            bench.end(1, 2)
            await settle(clock)
            #expect(probe.demands.last == 3)
        }
    }
}
