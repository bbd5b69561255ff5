import Glibc
import Testing

@testable import Sluice

/// On real threads: what runs on a `ThreadExecutor`, in which order, and that its thread ends.
@Suite(.timeLimit(.minutes(5))) struct RealExecutorThreadTests {
    /// Notes the thread of each call.
    struct Noted<Base: Consumer<Int>>: Consumer {
        var base: Base
        let threads: Log<pthread_t>
        mutating func handleEvents(_ events: [Int]) async throws {
            threads.append([pthread_self()])
            try await base.handleEvents(events)
            threads.append([pthread_self()])
        }
    }

    struct Relay: ProducerConsumer {
        let threads: Log<pthread_t>
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            threads.append([pthread_self()])
            return events
        }
    }

    private func thread(of executor: ThreadExecutor) async -> pthread_t {
        await Task(executorPreference: executor) { pthread_self() }.value
    }

    @Test func everythingOfAGraphRunsOnTheThread() async throws {
        let executor = ThreadExecutor()
        let (threads, log) = (Log<pthread_t>(), Log<Int>())
        let clock = ContinuousClock()
        try await withTaskExecutorPreference(executor) {
            try await withStages { stages in
                let source = stages.start { Counter(end: 500) }
                let relay = stages.start { Relay(threads: threads) }
                let batches = stages.start { Batch<Int>(count: 50, within: .microseconds(1)) }
                let pool = stages.start {
                    WorkerPool<[Int], Int>(concurrency: 3) { batch in
                        threads.append([pthread_self()])
                        try await clock.sleep(for: .nanoseconds(1))
                        threads.append([pthread_self()])
                        return batch.reduce(0, +)
                    }
                }
                let sink = stages.start { Noted(base: Collector(log: log), threads: threads) }
                try await relay.subscribe(to: source, maxDemand: 7)
                try await batches.subscribe(to: relay, maxDemand: 20)
                try await pool.subscribe(to: batches)
                try await sink.subscribe(to: pool)
            }
        }
        #expect(log.all.reduce(0, +) == 500 * 499 / 2)
        #expect(Set(threads.all) == [await thread(of: executor)])
    }

    @Test func someStagesOfAGraphRunOnAThreadAndTheOthersDoNot() async throws {
        let total = 20_000
        let (light, heavy) = (ThreadExecutor(), ThreadExecutor())
        let (lightThreads, heavyThreads, poolThreads) = (Log<pthread_t>(), Log<pthread_t>(), Log<pthread_t>())
        let log = Log<Int>()
        try await withStages { stages in
            let source = stages.on(light).start { Counter(end: total) }
            let first = stages.on(light).group(restart: .never).start { Relay(threads: lightThreads) }
            let second = stages.start { Relay(threads: poolThreads) }
            let group = stages.group(restart: .never)
            let sink = group.on(heavy).start { Noted(base: Collector(log: log), threads: heavyThreads) }
            try await first.subscribe(to: source, maxDemand: 3)
            try await second.subscribe(to: first, maxDemand: 5)
            try await sink.subscribe(to: second, maxDemand: 2)
        }
        #expect(log.all == Array(0..<total))
        let pinned = [await thread(of: light), await thread(of: heavy)]
        #expect(Set(lightThreads.all) == [pinned[0]])
        #expect(Set(heavyThreads.all) == [pinned[1]])
        #expect(Set(poolThreads.all).isDisjoint(with: pinned))
    }

    @Test func jobsRunInTheOrderInWhichTheyCame() async {
        let executor = ThreadExecutor()
        let (outside, inside) = (Log<Int>(), Log<Int>())
        let tasks = (0..<1000).map { number in
            Task(executorPreference: executor) { outside.append([number]) }
        }
        for task in tasks { await task.value }
        await Task(executorPreference: executor) {
            await withDiscardingTaskGroup { group in
                for number in 0..<1000 { group.addTask { inside.append([number]) } }
            }
        }.value
        #expect(outside.all == Array(0..<1000))
        #expect(inside.all == Array(0..<1000))
    }

    @Test func whatComesFromOutsideIsNotStarvedByTheThreadsOwnJobs() async {
        let executor = ThreadExecutor()
        let seen = Log<Int>()
        let busy = Task(executorPreference: executor) {
            while seen.all.count < 100 { await Task.yield() }
        }
        for number in 0..<100 { await Task(executorPreference: executor) { seen.append([number]) }.value }
        await busy.value
        #expect(seen.all == Array(0..<100))
    }

    /// Each call wakes a thread that waits, or is about to.
    @Test func manyThreadsWakeAParkedOne() async {
        let executor = ThreadExecutor()
        let count = Log<Int>()
        await withDiscardingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5000 {
                        await Task(executorPreference: executor) { count.append([1]) }.value
                    }
                }
            }
        }
        #expect(count.all.count == 20_000)
    }

    @Test func theThreadEndsWithTheLastReference() async {
        for round in 0..<500 {
            weak var loop: ThreadLoop?
            do {
                let executor = ThreadExecutor()
                loop = executor.loop
                switch round % 3 {
                case 0: break
                case 1: await withTaskExecutorPreference(executor) { await Task.yield() }
                // It may outlive this reference, and then drops the last one on the thread itself.
                default: Task(executorPreference: executor) { await Task.yield() }
                }
            }
            while loop != nil { await Task.yield() }
        }
    }

    @Test func graphsAreDrainedAndCancelledAtAnyMoment() async throws {
        for round in 0..<300 {
            let log = Log<Int>()
            do {
                try await withStages { stages in
                    let pinned = stages.on(ThreadExecutor())
                    let source = (round % 3 == 0 ? stages : pinned).start { Counter() }
                    let sink = (round % 3 == 1 ? stages : pinned).start { Collector(log: log) }
                    try await sink.subscribe(to: source, maxDemand: 5)
                    stages.go()
                    for _ in 0..<round % 17 { await Task.yield() }
                    try? await sink.perform { _ in }
                    if round % 2 == 0 { stages.drain() } else { stages.cancel() }
                }
                #expect(round % 2 == 0)
            } catch {
                #expect(error is CancellationError && round % 2 == 1)
            }
            #expect(log.all == Array(0..<log.all.count))
        }
    }
}
