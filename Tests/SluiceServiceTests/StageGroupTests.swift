import ServiceLifecycle
import Sluice
import SluicePipelines
import SluiceService
import SluiceTesting
import Synchronization
import Testing

/// On the real executor, because a service group has no other; so a test that waits in vain ends by its limit.
@Suite(.timeLimit(.minutes(5))) struct StageGroupTests {
    /// Counts as long as it is asked.
    private struct Counter: Producer {
        let log: Log
        var next = 0

        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            // A source that always has more must let others run on a single thread.
            await Task.yield()
            let events = Array(next..<next + demand)
            next += demand
            log.emitted(events)
            return events
        }
    }

    private struct Collector: Consumer {
        let log: Log
        mutating func handleEvents(_ events: [Int]) async throws {
            for _ in events { await Task.yield() }
            log.handled(events)
        }
    }

    /// Never returns, whatever it is asked, until it is cancelled.
    private struct Sleeper: Consumer {
        let clock: TestClock
        mutating func handleEvents(_ events: [Int]) async throws {
            try await clock.sleep(for: .seconds(1_000_000_000))
        }
    }

    private struct Broken: Error {}

    private struct Failing: Consumer {
        mutating func handleEvents(_ events: [Int]) async throws { throw Broken() }
    }

    /// What a source has emitted and a consumer has handled.
    private final class Log: Sendable {
        private let state = Mutex<(emitted: [Int], handled: [Int])>(([], []))
        func emitted(_ events: [Int]) { state.withLock { $0.emitted += events } }
        func handled(_ events: [Int]) { state.withLock { $0.handled += events } }
        var all: (emitted: [Int], handled: [Int]) { state.withLock { $0 } }
    }

    private final class Flag: Sendable {
        private let state = Atomic(false)
        var isSet: Bool { state.load(ordering: .relaxed) }
        func set() { state.store(true, ordering: .relaxed) }
    }

    private func chain(_ log: Log) -> @Sendable (Stages) async throws -> Void {
        { stages in
            let numbers = stages.start { Counter(log: log) }
            let collector = stages.start { Collector(log: log) }
            try await collector.subscribe(to: numbers, maxDemand: 10)
        }
    }

    /// Runs a service in a group that is asked to shut down when a condition holds.
    private func run(_ service: StageGroup, shuttingDownWhen condition: @escaping @Sendable () -> Bool) async throws {
        let group = ServiceGroup(services: [service])
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            while !condition() { await Task.yield() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func aGracefulShutdownDeliversEverythingThatIsInside() async throws {
        let log = Log()
        try await run(StageGroup("numbers", chain(log))) { log.all.handled.count > 100 }
        let (emitted, handled) = log.all
        #expect(handled == emitted && handled.count > 100)
    }

    @Test func aPipelineIsDrainedByAGracefulShutdown() async throws {
        let log = Log()
        let pipeline = Pipeline(
            source: Producers { _ in Counter(log: log).map { Message($0) } },
            processors: Processors(concurrency: 1),
            batchers: [Batcher(size: .count(7))],
            handler: Handling<Int, Int> {
                $0
            } batch: {
                log.handled($0.bodies)
            }
        )
        let service = StageGroup("orders") { stages in try await pipeline.start(in: stages) }
        try await run(service) { log.all.handled.count > 100 }
        let (emitted, handled) = log.all
        #expect(handled == emitted && handled.count > 100)
    }

    @Test func aShutdownDuringTheWiringStopsTheSourcesBeforeTheyBegin() async throws {
        let log = Log()
        let isWiring = Flag()
        let chain = chain(log)
        let service = StageGroup { stages in
            isWiring.set()
            try await gracefulShutdown()
            try await chain(stages)
        }
        try await run(service) { isWiring.isSet }
        #expect(log.all.emitted.isEmpty)
    }

    @Test func aGraphThatEndsByItselfEndsTheService() async throws {
        let service = StageGroup { stages in
            let numbers = stages.start { SequenceSource(0..<100) }
            let doubled = stages.start { Map { (number: Int) in number * 2 } }
            try await doubled.subscribe(to: numbers)
        }
        try await service.run()
        let error = await #expect(throws: ServiceGroupError.self) { try await ServiceGroup(services: [service]).run() }
        #expect(error?.errorCode == .serviceFinishedUnexpectedly)
    }

    @Test func aFailureOfAStageFailsTheGroup() async throws {
        let reports = Mutex<[String]>([])
        let service = StageGroup(
            reporting: { report in
                if case .failed(let stage, _, .graphFailure) = report { reports.withLock { $0.append(stage) } }
            },
            { stages in
                let numbers = stages.start { SequenceSource(0..<100) }
                let failing = stages.start("failing") { Failing() }
                try await failing.subscribe(to: numbers)
            }
        )
        await #expect(throws: Broken.self) { try await ServiceGroup(services: [service]).run() }
        #expect(reports.withLock { $0 } == ["failing"])
    }

    @Test func aCancelledServiceIsCancelled() async throws {
        let log = Log()
        let service = StageGroup("numbers", chain(log))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { await #expect(throws: CancellationError.self) { try await service.run() } }
            while log.all.handled.isEmpty { await Task.yield() }
            tasks.cancelAll()
            try await tasks.waitForAll()
        }
    }

    @Test func aDrainThatTakesTooLongEndsAtItsDeadlineAndSaysWhoIsLate() async throws {
        let clock = TestClock()
        let log = Log()
        let isOver = Flag()
        let service = StageGroup("late", drainDeadline: .seconds(30), clock: clock) { stages in
            let numbers = stages.start { Counter(log: log) }
            let sleeper = stages.start("sleeper") { Sleeper(clock: clock) }
            try await sleeper.subscribe(to: numbers, maxDemand: 10)
        }
        let group = ServiceGroup(services: [service])
        await withTaskGroup { tasks in
            tasks.addTask {
                let error = await #expect(throws: StageError.self) { try await group.run() }
                #expect(error?.code == .drainDeadlineExceeded && error?.message.contains("'sleeper'") == true)
                isOver.set()
            }
            while log.all.emitted.isEmpty { await Task.yield() }
            await group.triggerGracefulShutdown()
            // The deadline counts from a moment that does not show here, so the clock runs until it has passed.
            while !isOver.isSet {
                clock.advance(by: .seconds(1))
                await Task.yield()
            }
        }
    }

    @Test func itIsCalledByItsName() {
        #expect("\(StageGroup("orders") { _ in })" == "orders")
    }
}
