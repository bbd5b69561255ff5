import SluiceTesting
import Testing

@testable import Sluice

@Suite struct PoolMachineTests {
    /// Workers are numbers, and so are events and results.
    typealias Machine = PoolMachine<Int, Int, Int>

    private func machine(_ concurrency: Int, retry: RetryPolicy = .never) -> Machine {
        var machine = Machine()
        machine.open(concurrency: concurrency, retry: retry)
        return machine
    }

    private func events(_ events: [Int], key: (Int) -> Int? = { _ in nil }) -> [(event: Int, key: WorkKey?)] {
        events.map { event in (event, key(event).map { WorkKey($0) }) }
    }

    @Test func aWorkerWithoutAJobIsParkedAndStartedTogetherWithItsJob() {
        var machine = machine(2)
        for worker in 0..<2 { expect(machine.next(for: worker).event == nil) }
        let starts = machine.received(events([10, 11, 12]), from: .first)
        expect(starts.map { $0.job?.event } == [10, 11] && starts.map(\.worker) == [1, 0])
        expect(machine.counts == WorkerPoolCounts(active: 2, waiting: 1))
    }

    @Test func aJobThatWaitsIsTakenByTheWorkerThatComesBack() throws {
        var machine = machine(1)
        expect(machine.received(events([10, 11]), from: .first).isEmpty)
        let first = try require(machine.next(for: 0).job)
        machine.done(first, result: nil)
        expect(machine.next(for: 0).event == 11)
        expect(machine.counts == WorkerPoolCounts(active: 1, done: 1))
    }

    @Test func anUndeliveredResultKeepsItsSlotAndNoOther() throws {
        var machine = machine(2)
        _ = machine.received(events([1, 2, 3, 4]), from: .first)
        let jobs = [try require(machine.next(for: 0).job), try require(machine.next(for: 1).job)]
        for job in jobs { machine.done(job, result: job.event * 10) }
        for worker in 0..<2 { expect(machine.next(for: worker).event == nil) }
        expect(machine.counts == WorkerPoolCounts(waiting: 2, undelivered: 2, done: 2))
        let delivery = machine.takeResults(1)
        expect(delivery.results == [10] && delivery.freed == [.init(subscription: .first, count: 1)])
        expect(machine.starts().map { $0.job?.event } == [3])
        expect(machine.takeResults(5).results == [20])
        expect(machine.starts().map { $0.job?.event } == [4])
    }

    @Test func freedSlotsAreCountedForEachSubscription() throws {
        var machine = machine(3)
        _ = machine.received(events([1, 2]), from: .first)
        _ = machine.received(events([3]), from: .second)
        for worker in 0..<3 {
            let job = try require(machine.next(for: worker).job)
            machine.done(job, result: job.event)
        }
        let freed = machine.takeResults(.max).freed
        expect(freed == [.init(subscription: .first, count: 2), .init(subscription: .second, count: 1)])
    }

    @Test func aKeyRunsOneEventAtATimeAndOthersOvertake() throws {
        var machine = machine(3)
        _ = machine.received(events([10, 20, 11, 30], key: { $0 % 10 == 0 && $0 > 10 ? nil : 1 }), from: .first)
        let first = try require(machine.next(for: 0).job)
        expect(first.event == 10)
        expect(machine.next(for: 1).event == 20)
        expect(machine.next(for: 2).event == 30)
        machine.done(first, result: nil)
        expect(machine.next(for: 0).event == 11)
    }

    @Test func anEventWhoseKeyIsFreeStartsBeforeYoungerOnes() throws {
        var machine = machine(1)
        _ = machine.received(events([10, 11, 22, 23], key: { $0 < 20 ? 1 : nil }), from: .first)
        for expected in [10, 11, 22, 23] {
            let job = try require(machine.next(for: 0).job)
            expect(job.event == expected)
            machine.failed(job)
        }
        expect(machine.counts == WorkerPoolCounts(failed: 4))
    }

    @Test func eachEventHasItsAttemptsForItself() {
        var machine = machine(1, retry: RetryPolicy(attempts: 2, base: .seconds(1)))
        for _ in 0..<3 {
            expect(machine.attemptFailed(after: 1) == .seconds(1))
            expect(machine.attemptFailed(after: 2) == nil)
        }
        expect(machine.counts.retried == 3)
    }

    @Test func theEndSendsParkedWorkersHomeAndStartsNothingMore() throws {
        var machine = machine(3)
        _ = machine.received(events([1, 2], key: { _ in 7 }), from: .first)
        let job = try require(machine.next(for: 0).job)
        expect(machine.next(for: 1).event == nil)
        let starts = machine.suspend()
        expect(starts.map(\.worker) == [1] && starts[0].job == nil)
        expect(machine.close().events == [2], "What never began")
        machine.done(job, result: 1)
        let isEnd = if case .end = machine.next(for: 0) { true } else { false }
        expect(isEnd)
        expect(machine.counts == WorkerPoolCounts(done: 1))
    }

    /// Whatever the order of inputs: the limit, the keys' order and each event's single end hold, and no slot is free
    /// while a parked worker could use it.
    @Test(arguments: UInt64(0)..<300) func aRandomWalkKeepsTheLaws(seed: UInt64) {
        var walk = Walk(seed: seed)
        for _ in 0..<400 { walk.step() }
        walk.finish()
    }
}

/// A pool machine and a model of it.
private struct Walk: ~Copyable {
    var machine = PoolMachineTests.Machine()
    var generator: SeededGenerator
    let concurrency: Int
    let keys: Int
    /// Workers that would ask next.
    var returning: [Int]
    var parked: Set<Int> = []
    var running: [(worker: Int, job: Job<Int>)] = []
    var undelivered = 0
    var arrived = 0
    var started: [Int] = []
    var ended: [Int] = []
    var results = 0
    var emitted = 0
    var freed = 0

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        concurrency = Int.random(in: 1...5, using: &generator)
        keys = Int.random(in: 1...4, using: &generator)
        returning = Array(0..<concurrency)
        machine.open(concurrency: concurrency, retry: .never)
    }

    func key(_ event: Int) -> Int? { event % 5 == 0 ? nil : event % keys }

    mutating func step() {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            let count = Int.random(in: 1...3, using: &generator)
            let events = (arrived..<arrived + count).map { event in (event, key(event).map { WorkKey($0) }) }
            arrived += count
            begin(machine.received(events, from: .first))
        case 1 where !returning.isEmpty:
            let worker = returning.remove(at: Int.random(in: returning.indices, using: &generator))
            switch machine.next(for: worker) {
            case .job(let job): begin(worker, job)
            case .wait: parked.insert(worker)
            case .end: expect(Bool(false), "The pool has not ended")
            }
        case 2 where !running.isEmpty:
            end(Int.random(in: running.indices, using: &generator))
        default:
            let delivery = machine.takeResults(Int.random(in: 0...3, using: &generator))
            undelivered -= delivery.results.count
            freed += delivery.freed.reduce(0) { $0 + $1.count }
            emitted += delivery.results.count
            begin(machine.starts())
        }
        check()
    }

    /// Ends everything that is inside.
    mutating func finish() {
        var patience = 10_000
        while ended.count < arrived, patience > 0 {
            patience -= 1
            step()
            if let worker = returning.popLast() {
                switch machine.next(for: worker) {
                case .job(let job): begin(worker, job)
                default: parked.insert(worker)
                }
            }
            if !running.isEmpty { end(0) }
        }
        expect(ended.sorted() == Array(0..<arrived), "Every event ends, and only once")
        let rest = machine.takeResults(.max)
        emitted += rest.results.count
        freed += rest.freed.reduce(0) { $0 + $1.count }
        expect(emitted == results && freed == emitted, "Every result is emitted once, and frees its slot")
    }

    private mutating func begin(_ starts: [PoolMachineTests.Machine.Start]) {
        for start in starts {
            expect(parked.remove(start.worker) != nil, "Only a parked worker is started")
            if let job = start.job { begin(start.worker, job) }
        }
    }

    private mutating func begin(_ worker: Int, _ job: Job<Int>) {
        if let key = key(job.event) {
            expect(!running.contains { self.key($0.job.event) == key }, "A key runs once")
            let before = started.last { self.key($0) == key }
            expect(before ?? -1 < job.event, "A key keeps its order")
        }
        started.append(job.event)
        running.append((worker, job))
    }

    private mutating func end(_ index: Int) {
        let (worker, job) = running.remove(at: index)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0:
            machine.done(job, result: job.event)
            undelivered += 1
            results += 1
        case 1: machine.done(job, result: nil)
        default: machine.failed(job)
        }
        ended.append(job.event)
        returning.append(worker)
    }

    private func check() {
        let counts = machine.counts
        expect(counts.active == running.count && counts.undelivered == undelivered)
        expect(running.count + undelivered <= concurrency, "Never more than the limit")
        expect(counts.waiting + counts.active + counts.done + counts.failed == arrived, "Each event is in one place")
        // A worker that is on its way back takes a free slot itself.
        guard !parked.isEmpty, returning.isEmpty, running.count + undelivered < concurrency else { return }
        let busy = Set(running.compactMap { key($0.job.event) })
        let startable = (0..<arrived).contains { event in
            !started.contains(event) && (key(event).map { !busy.contains($0) } ?? true)
        }
        expect(!startable, "A slot is free, and an event waits")
    }
}

extension PoolMachine.Answer {
    fileprivate var job: Job<Event>? { if case .job(let job) = self { job } else { nil } }
    fileprivate var event: Event? { job?.event }
}

extension WorkerPoolCounts {
    /// Counts that are 0 unless said otherwise.
    init(
        active: Int = 0,
        waiting: Int = 0,
        undelivered: Int = 0,
        done: Int = 0,
        failed: Int = 0,
        lost: Int = 0,
        retried: Int = 0
    ) {
        self.init()
        self.active = active
        self.waiting = waiting
        self.undelivered = undelivered
        self.done = done
        self.failed = failed
        self.lost = lost
        self.retried = retried
    }
}
