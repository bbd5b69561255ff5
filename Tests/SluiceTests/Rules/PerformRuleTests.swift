import SluiceTesting
import Synchronization
import Testing

@testable import Sluice

/// Calls run between two calls of handlers, and never wait for themselves.
@Suite struct PerformRuleTests {
    struct Queue: Producer {
        var events: [Int] = []
        var isClosed = false
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            if events.isEmpty, isClosed { return nil }
            defer { events.removeFirst(min(demand, events.count)) }
            return Array(events.prefix(demand))
        }
    }

    private func code(_ body: () async throws -> Void) async -> StageError.Code? {
        do { try await body() } catch { return (error as? StageError)?.code }
        return nil
    }

    @Test("G15: a call is answered when it has run, whatever is emitted afterwards; events keep the order of the calls")
    func aProducerIsFedInOrderWithItsEventsAndBeforeItMayRun() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let queue = stages.start { Queue() }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: queue)
                try await queue.perform { $0.events += [1, 2] }
                #expect(log.all.isEmpty)
                stages.go()
                try await queue.perform { $0.events += [3] }
                let count = try await queue.perform { queue in
                    queue.events += [4]
                    queue.isClosed = true
                    return queue.events.count
                }
                #expect(count >= 1)
            }
            #expect(log.all == [1, 2, 3, 4])
        }
    }

    @Test("G16: a call may end the stage and is still answered")
    func endingCall() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let queue = stages.start { Queue(events: [1]) }
                try await stages.start(sink).subscribe(to: queue)
                stages.go()
                sink.ask(2)
                try await sink.expect([1])
                let answer = try await queue.perform { queue in
                    queue.isClosed = true
                    return "closed"
                }
                #expect(answer == "closed")
                try await sink.expectFinish()
            }
        }
    }

    @Test func anErrorGoesToTheCallerAndTheStageGoesOn() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let queue = stages.start { Queue(events: [1], isClosed: true) }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: queue)
                await #expect(throws: Broken()) { try await queue.perform { _ in throw Broken() } }
            }
            #expect(log.all == [1])
        }
    }

    @Test func aCallOnTheStageItselfWouldDeadlock() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let (first, second) = (stages.start { Queue() }, stages.start { Queue() })
                let direct = await code { try await first.perform { _ in try await first.perform { _ in } } }
                let cycle = await code {
                    try await first.perform { _ in
                        try await second.perform { _ in try await first.perform { _ in } }
                    }
                }
                #expect(direct == .wouldDeadlock && cycle == .wouldDeadlock)
                try await first.perform { _ in try await second.perform { _ in } }
            }
        }
    }

    @Test func aCallFromAGraphInsideAStageIsTracedThroughIt() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let outer = stages.start { Queue() }
                let found = try await outer.perform { _ in
                    let inner = Log<StageError.Code?>()
                    try await withStages(clock: clock) { stages in
                        // It has the same number in its graph as the stage outside.
                        let inside = stages.start { Queue() }
                        inner.append([await code { try await inside.perform { _ in } }])
                        try await inside.perform { _ in
                            inner.append([await code { try await outer.perform { _ in } }])
                        }
                    }
                    return inner.all
                }
                #expect(found == [nil, .wouldDeadlock])
            }
        }
    }

    @Test func aStageThatHasEndedPerformsNothing() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let counter = stages.start { Counter(end: 0) }
                let sink = stages.start { Collector(log: Log<Int>()) }
                try await sink.subscribe(to: counter)
                stages.go()
                await settle(clock)
                let codes = [
                    await code { try await counter.perform { _ in } },
                    await code { try await sink.perform { _ in } },
                ]
                #expect(codes == [.stageEnded, .stageEnded])
            }
        }
    }

    @Test func aCallThatIsCancelledBeforeItBeginsNeverRuns() throws {
        try underEachSchedule { clock in
            let ran = Log<Int>()
            let outcome = Log<Bool>()
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 10) }
                let busy = stages.start { SlowSink(clock: clock, time: .seconds(10), log: Log<Int>()) }
                try await busy.subscribe(to: numbers)
                stages.go()
                await settle(clock)
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            do {
                                try await busy.perform { _ in ran.append([1]) }
                            } catch {
                                outcome.append([error is CancellationError])
                            }
                        }
                    }
                    await settle(clock)
                    group.cancelAll()
                    group.addTask {
                        do {
                            try await numbers.perform { _ in ran.append([2]) }
                        } catch {
                            outcome.append([error is CancellationError])
                        }
                    }
                }
            }
            #expect(ran.all.isEmpty)
            #expect(outcome.all == [true, true, true])
        }
    }
}
