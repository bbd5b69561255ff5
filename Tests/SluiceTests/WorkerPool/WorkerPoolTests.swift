import SluiceTesting
import Testing

@testable import Sluice

/// One task for each event, and at most so many at once.
@Suite struct WorkerPoolTests {
    @Test func aPoolWithoutResultsIsAConsumer() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 100) }
                let pool = stages.start { WorkerPool(concurrency: 4) { (event: Int) in log.append([event]) } }
                try await pool.subscribe(to: numbers)
            }
            #expect(log.all.sorted() == Array(0..<100))
        }
    }

    @Test func resultsAreEmittedAndThePoolFinishesAfterTheLast() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 100) }
                let pool = stages.start {
                    WorkerPool(concurrency: 7) { (event: Int) async throws -> Int in
                        try await clock.sleep(for: .seconds(event % 3))
                        return event * 2
                    }
                }
                let sink = stages.start { Collector(log: log) }
                try await pool.subscribe(to: numbers)
                try await sink.subscribe(to: pool, maxDemand: 5)
            }
            #expect(log.all.sorted() == (0..<100).map { $0 * 2 })
        }
    }

    @Test func aSlotIsFreeWhenItsResultIsDeliveredAndNotBefore() throws {
        try underEachSchedule { clock in
            let (probe, sink, bench) = (ProducerProbe<Int>(), ConsumerProbe<Int>(), Workbench())
            probe.send(Array(0..<10))
            probe.finish()
            try await withStages(clock: clock) { stages in
                let source = stages.start { context in probe.stage(context) }
                let pool = stages.start {
                    WorkerPool(concurrency: 3) { (event: Int) in await bench.work(on: event) { event } }
                }
                let consumer = stages.start { sink.stage() }
                try await pool.subscribe(to: source)
                try await consumer.subscribe(to: pool)
                stages.go()
                await settle(clock)
                #expect(bench.begun.count == 3 && sink.events.isEmpty, "At most 3 results are made in advance")
                #expect(pool.counts == WorkerPoolCounts(undelivered: 3, done: 3))
                for demand in 1...3 {
                    sink.ask(1)
                    await settle(clock)
                    #expect(sink.events.count == demand && bench.begun.count == 3 + demand)
                }
                sink.ask(100)
            }
            #expect(sink.events.sorted() == Array(0..<10))
        }
    }

    @Test func theLimitHoldsOverAllSubscriptionsAndTheRestWaits() throws {
        try underEachSchedule { clock in
            let bench = Workbench()
            try await withStages(clock: clock) { stages in
                let pool = stages.start {
                    WorkerPool(concurrency: 2) { (event: Int) in await bench.waitForEnd(of: event) }
                }
                for first in [0, 10, 20] {
                    let numbers = stages.start { Counter(next: first, end: first + 3) }
                    try await pool.subscribe(to: numbers)
                }
                stages.go()
                await settle(clock)
                #expect(pool.counts == WorkerPoolCounts(active: 2, waiting: 4), "Each window is 2")
                bench.end(0, 1, 2, 10, 11, 12, 20, 21, 22)
            }
            #expect(bench.peak == 2 && bench.begun.count == 9)
        }
    }

    @Test func eventsOfOneKeyRunOneAfterTheOtherThoughOneOfThemIsTriedAgain() throws {
        try underEachSchedule { clock in
            let (bench, results) = (Workbench(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 30) }
                let pool = stages.start {
                    WorkerPool(
                        concurrency: 5,
                        retry: RetryPolicy(attempts: 2, base: .seconds(2)),
                        orderedBy: { $0 % 3 }
                    ) { (event: Int) async throws -> Int in
                        try await bench.work(on: event) {
                            try await clock.sleep(for: .seconds(event % 4))
                            if event % 5 == 0, bench.begun.filter({ $0 == event }).count == 1 { throw Broken() }
                            return event
                        }
                    }
                }
                let sink = stages.start { Collector(log: results) }
                try await pool.subscribe(to: numbers, maxDemand: 12)
                try await sink.subscribe(to: pool)
            }
            for key in 0..<3 {
                #expect(results.all.filter { $0 % 3 == key } == (0..<30).filter { $0 % 3 == key })
            }
            #expect(bench.peak == 3, "One for each key")
        }
    }

    @Test func anAttemptThatTakesTooLongIsCancelledAndHasFailed() throws {
        try underEachSchedule { clock in
            let (failures, cancelled) = (Log<String>(), Log<Bool>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(next: 7, end: 8) }
                let pool = stages.start {
                    WorkerPool(
                        concurrency: 1,
                        timeout: .seconds(5),
                        retry: RetryPolicy(attempts: 2),
                        onFailure: .report { failure in
                            failures.append(["\(failure.event) after \(failure.attempts): \(failure.error)"])
                        }
                    ) { (_: Int) in
                        defer { cancelled.append([Task.isCancelled]) }
                        try await clock.sleep(for: .seconds(1000))
                    }
                }
                try await pool.subscribe(to: numbers)
            }
            #expect(failures.all == ["7 after 2: the attempt took longer than \(Duration.seconds(5))"])
            #expect(cancelled.all == [true, true])
            #expect(clock.now.offset < .seconds(20))
        }
    }

    @Test func anAttemptInTimeIsNotDisturbed() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 10) }
                let pool = stages.start {
                    WorkerPool(concurrency: 3, timeout: .seconds(5)) { (event: Int) in
                        try await clock.sleep(for: .seconds(4))
                        log.append([event])
                    }
                }
                try await pool.subscribe(to: numbers)
            }
            #expect(log.all.sorted() == Array(0..<10))
            #expect(clock.now.offset < .seconds(20), "The timers of attempts that ended are gone")
        }
    }

    @Test func theLastFailureGoesToTheHookAndThePoolGoesOn() throws {
        try underEachSchedule { clock in
            let (failures, results) = (Log<[Int]>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 20) }
                let pool = stages.start {
                    WorkerPool(
                        concurrency: 3,
                        retry: RetryPolicy(attempts: 3),
                        onFailure: .report { failure in
                            #expect(failure.error is Broken)
                            failures.append([[failure.event, failure.attempts]])
                        }
                    ) { (event: Int) async throws -> Int in
                        if event % 4 == 0 { throw Broken() }
                        return event
                    }
                }
                let sink = stages.start { Collector(log: results) }
                try await pool.subscribe(to: numbers)
                try await sink.subscribe(to: pool, maxDemand: 2)
            }
            #expect(failures.all.sorted { $0[0] < $1[0] } == [0, 4, 8, 12, 16].map { [$0, 3] })
            #expect(results.all.sorted() == (0..<20).filter { $0 % 4 > 0 })
        }
    }

    @Test func withoutAHookTheLastFailureFailsTheGraphAndCancelsTheOthers() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let numbers = stages.start { Counter() }
                    let pool = stages.start {
                        WorkerPool(concurrency: 4, retry: RetryPolicy(attempts: 2)) { (event: Int) in
                            if event == 3 { throw Broken() }
                            try await clock.sleep(for: .seconds(1000))
                        }
                    }
                    try await pool.subscribe(to: numbers)
                }
            }
            #expect(clock.now.offset < .seconds(10))
        }
    }

    @Test func aHookThatThrowsFailsTheGraph() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let numbers = stages.start { Counter() }
                    let pool = stages.start {
                        WorkerPool(concurrency: 4, onFailure: .report { throw $0.error }) { (_: Int) in throw Broken() }
                    }
                    try await pool.subscribe(to: numbers)
                }
            }
        }
    }

    @Test func aDrainLetsWorkEnd() throws {
        try underEachSchedule { clock in
            let (bench, results) = (Workbench(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter() }
                let pool = stages.start {
                    WorkerPool(concurrency: 3) { (event: Int) async throws -> Int in
                        try await bench.work(on: event) { try await clock.sleep(for: .seconds(3)) }
                        return event
                    }
                }
                let sink = stages.start { Collector(log: results) }
                try await pool.subscribe(to: numbers, maxDemand: 7)
                try await sink.subscribe(to: pool)
                stages.go()
                await settle(clock)
                stages.drain(within: .seconds(60))
            }
            #expect(results.all.sorted() == Array(0..<7), "What had arrived is worked off")
        }
    }

    @Test func whatACancelledPoolHasGoesToItsHooks() throws {
        try underEachSchedule { clock in
            let (lost, discarded, sink) = (Log<Int>(), Log<Int>(), ConsumerProbe<Int>())
            let options = EmissionOptions<Int>(discarded: { events, reason in
                #expect(reason == .graphEnded)
                discarded.append(events)
            })
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    let numbers = stages.start { Counter() }
                    let pool = stages.start(options: options, lost: { events, _ in lost.append(events) }) {
                        WorkerPool(concurrency: 2) { (event: Int) in
                            if event > 0 { try await clock.sleep(for: .seconds(1000)) }
                            return event * 10
                        }
                    }
                    try await pool.subscribe(to: numbers, maxDemand: 5)
                    try await stages.start(sink).subscribe(to: pool)
                    stages.go()
                    await settle(clock)
                    stages.cancel()
                }
            }
            #expect(sink.events.isEmpty && discarded.all == [0], "Done, and wanted by nobody")
            #expect(lost.all.sorted() == [1, 2, 3, 4], "In hand, and waiting")
        }
    }

    @Test func workThatOutlivesTheDeadlineIsCancelledAndItsPoolNamed() throws {
        try underEachSchedule { clock in
            let (bench, hooked) = (Workbench(), Log<Int>())
            let handles = Log<StageHandle<WorkerPool<Int, Void>>>()
            let error = await #expect(throws: StageError.self) {
                try await withStages(clock: clock) { stages in
                    let numbers = stages.start { Counter() }
                    let pool = stages.start("workers") {
                        WorkerPool(concurrency: 3, onFailure: .report { hooked.append([$0.event]) }) { (event: Int) in
                            try await bench.work(on: event) { try await clock.sleep(for: .seconds(1000)) }
                        }
                    }
                    handles.append([pool])
                    try await pool.subscribe(to: numbers)
                    stages.go()
                    await settle(clock)
                    stages.drain(within: .seconds(5))
                }
            }
            #expect(error?.code == .drainDeadlineExceeded && error?.message.contains("'workers'") == true)
            #expect(bench.running == 0 && bench.begun.count == 3)
            #expect(hooked.all.isEmpty, "Cancelled work has not failed")
            #expect(handles.all.map(\.counts) == [WorkerPoolCounts(lost: 3)])
            #expect(clock.now.offset < .seconds(10))
        }
    }

    @Test func cancellationEndsWorkersWhateverTheyWaitFor() throws {
        try underEachSchedule { clock in
            let (bench, hooked) = (Workbench(), Log<Int>())
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    let numbers = stages.start { Counter() }
                    let pool = stages.start {
                        WorkerPool(
                            concurrency: 4,
                            retry: RetryPolicy(attempts: 9, base: .seconds(500), maximum: .seconds(500)),
                            onFailure: .report { hooked.append([$0.event]) }
                        ) { (event: Int) async throws -> Int in
                            if event == 0 { throw Broken() }
                            if event == 1 { return 1 }
                            try await bench.work(on: event) { try await clock.sleep(for: .seconds(1000)) }
                            return event
                        }
                    }
                    let sink = stages.start { ConsumerProbe<Int>().stage() }
                    try await pool.subscribe(to: numbers)
                    try await sink.subscribe(to: pool)
                    stages.go()
                    await settle(clock)
                    #expect(pool.counts == WorkerPoolCounts(active: 3, undelivered: 1, done: 1, retried: 1))
                    stages.cancel()
                }
            }
            #expect(bench.running == 0 && hooked.all.isEmpty)
            #expect(clock.now.offset < .seconds(10))
        }
    }

    @Test func aPoolThatLosesItsLastConsumerWorksOffWhatItHasAndEnds() throws {
        try underEachSchedule { clock in
            let (bench, leaving) = (Workbench(), Log<Subscription>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter() }
                let pool = stages.start {
                    WorkerPool(concurrency: 2) { (event: Int) async throws -> Int in
                        try await bench.work(on: event) { try await clock.sleep(for: .seconds(1)) }
                        return event
                    }
                }
                let sink = stages.start { ConsumerProbe<Int>().stage() }
                try await pool.subscribe(to: numbers, maxDemand: 5)
                leaving.append([try await sink.subscribe(to: pool)])
                stages.go()
                try await clock.sleep(for: .seconds(5))
                #expect(pool.counts == WorkerPoolCounts(waiting: 3, undelivered: 2, done: 2))
                for subscription in leaving.all { subscription.cancel() }
            }
            #expect(bench.begun.sorted() == Array(0..<5))
        }
    }

    /// No worker ends any more, and nobody asks: only the leaving can set the last result free.
    @Test func aResultThatWasLeftDoesNotKeepAPoolWithoutConsumers() throws {
        try underEachSchedule { clock in
            let (probe, leaving) = (ConsumerProbe<Int>(), Log<Subscription>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 2) }
                let pool = stages.start { WorkerPool(concurrency: 2) { (event: Int) in event } }
                let sink = stages.start { probe.stage() }
                try await pool.subscribe(to: numbers)
                leaving.append([try await sink.subscribe(to: pool)])
                stages.go()
                await settle(clock)
                probe.ask(1)
                await settle(clock)
                #expect(pool.counts == WorkerPoolCounts(undelivered: 1, done: 2))
                for subscription in leaving.all { subscription.cancel() }
            }
            #expect(probe.events.count == 1)
        }
    }

    @Test func aPoolWithoutNeighboursEnds() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                _ = stages.start { WorkerPool(concurrency: 2) { (_: Int) in } }
                let numbers = stages.start { Counter() }
                let unheard = stages.start { WorkerPool(concurrency: 2) { (event: Int) in event } }
                try await unheard.subscribe(to: numbers)
            }
        }
    }

    @Test func aPoolThatCannotBeMadeFailsTheGraph() throws {
        try underEachSchedule { clock in
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    _ = stages.start { () async throws -> WorkerPool<Int, Void> in throw Broken() }
                    try await clock.sleep(for: .seconds(1))
                }
            }
        }
    }

    @Test func nothingOfAPoolOutlivesItsGraph() throws {
        let count = LifetimeTests.Count()
        try underEachSchedule { clock in
            let handles = Log<StageHandle<WorkerPool<LifetimeTests.Token, LifetimeTests.Token>>>()
            _ = try? await withStages(clock: clock) { stages in
                let captured = LifetimeTests.Token(count)
                let source = stages.start { LifetimeTests.TokenSource(count: count) }
                let pool = stages.start {
                    WorkerPool(concurrency: 2, orderedBy: { _ in 1 }) { (token: LifetimeTests.Token) in
                        _ = captured
                        return token
                    }
                }
                handles.append([pool])
                let sink = stages.start { ConsumerProbe<LifetimeTests.Token>().stage() }
                try await pool.subscribe(to: source, maxDemand: 9)
                try await sink.subscribe(to: pool)
                stages.go()
                await settle(clock)
                stages.cancel()
            }
            #expect(count.value == 0, "Though its handle is kept")
            #expect(handles.all.map(\.counts) == [WorkerPoolCounts(done: 2)])
        }
    }
}
