import Sluice
import SluiceTesting
import Synchronization
import Testing

@testable import SluicePipelines

@Suite struct PipelineTests {
    /// Runs a pipeline over numbers to its end.
    private func run(
        _ numbers: ClosedRange<Int>,
        _ script: Script,
        _ processors: Processors<Int> = Processors(concurrency: 2),
        _ batchers: [Batcher<Int>] = [],
        recorder: Recorder = Recorder(),
        reports: Reports = Reports(),
        clock: TestClock
    ) async throws {
        let messages = recorder.messages(numbers)
        try await Pipeline(
            source: Producers { _ in SequenceSource(messages) },
            processors: processors,
            batchers: batchers,
            handler: script,
            report: reports.note
        ).run(clock: clock)
    }

    @Test("9, 10: from the source through processors to batches, and one acknowledgement for each batch")
    func basic() throws {
        try underEachSchedule { clock in
            let (script, recorder) = (Script(), Recorder())
            try await run(
                1...4,
                script,
                Processors(concurrency: 1),
                [Batcher(size: .count(2))],
                recorder: recorder,
                clock: clock
            )
            #expect(script.memory.batches.map(\.bodies) == [[1, 2], [3, 4]])
            #expect(script.memory.batches.allSatisfy { $0.info.trigger == .size })
            #expect(recorder.calls.map(\.successful) == [[1, 2], [3, 4]])
            #expect(recorder.failed.isEmpty)
        }
    }

    @Test("12: those that fail in a processor are acknowledged there, and the batch is made of the others")
    func failedBeforeBatch() throws {
        try underEachSchedule { clock in
            var script = Script()
            script.onMessage = { message in
                if [2, 3].contains(message.body) { throw MessageFailure("no") }
                return message
            }
            let recorder = Recorder()
            try await run(
                1...4,
                script,
                Processors(concurrency: 1),
                [Batcher(size: .count(2))],
                recorder: recorder,
                clock: clock
            )
            #expect(script.memory.batches.map(\.bodies) == [[1, 4]])
            #expect(recorder.all == [1, 2, 3, 4] && recorder.failed == [2, 3])
        }
    }

    @Test("21: two batchers, each with its own size") func routing() throws {
        try underEachSchedule { clock in
            var script = Script()
            script.onMessage = { message in
                var message = message
                message.batcher = message.body.isMultiple(of: 2) ? "even" : "odd"
                return message
            }
            let recorder = Recorder()
            let batchers = [Batcher<Int>("odd", size: .count(10)), Batcher<Int>("even", size: .count(5))]
            try await run(1...40, script, Processors(concurrency: 1), batchers, recorder: recorder, clock: clock)
            let odd = script.memory.batches.filter { $0.info.batcher == "odd" }
            let even = script.memory.batches.filter { $0.info.batcher == "even" }
            #expect(odd.map(\.info.size) == [10, 10] && even.map(\.info.size) == [5, 5, 5, 5])
            #expect(odd.allSatisfy { $0.bodies.allSatisfy { !$0.isMultiple(of: 2) } })
            #expect(recorder.all == Array(1...40))
        }
    }

    @Test("25, 50: an open batch leaves when its time has come, and at the end") func openBatches() throws {
        try underEachSchedule { clock in
            let (script, recorder) = (Script(), Recorder())
            try await Pipeline(
                source: Producers { _ in Silent() },
                processors: Processors(concurrency: 1),
                batchers: [Batcher(size: .count(4), timeout: .seconds(10))],
                handler: script
            ).run(clock: clock) { running in
                try await running.push(recorder.messages([1]))
                try await clock.sleep(for: .seconds(9))
                try await running.push(recorder.messages([2]))
                #expect(recorder.all.isEmpty)
                try await clock.sleep(for: .seconds(2))
                #expect(recorder.calls.map(\.successful) == [[1, 2]])
                #expect(script.memory.batches.map(\.info.trigger) == [.timeout])
                try await running.push(recorder.messages([3]))
                try await clock.sleep(for: .seconds(1))
                running.drain()
            }
            #expect(script.memory.batches.map(\.info.trigger) == [.timeout, .flush])
            #expect(recorder.all == [1, 2, 3])
        }
    }

    @Test("29, 30, 32: partitioned processors and batchers keep the order of each key, and work side by side")
    func partitions() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            var script = Script()
            script.onMessage = { message in
                try await clock.sleep(for: .seconds(1))
                return message
            }
            try await run(
                1...60,
                script,
                Processors(concurrency: 3, maxDemand: 4) { $0.body % 5 },
                [Batcher(size: .count(3), timeout: .seconds(100), concurrency: 2) { $0.body % 5 }],
                recorder: recorder,
                clock: clock
            )
            for key in 0..<5 {
                let handled = script.memory.handled.filter { $0 % 5 == key }
                let batched = script.memory.batches.flatMap(\.bodies).filter { $0 % 5 == key }
                #expect(handled == handled.sorted() && handled.count == 12)
                #expect(batched == handled)
            }
            for batch in script.memory.batches {
                #expect(Set(batch.bodies.map { StableHash.of($0 % 5) % 2 }) == [UInt64(batch.info.partition ?? -1)])
            }
            // As long as the processor with the most messages takes, if it never waits for another: it may at the end.
            let most = Dictionary(grouping: 1...60) { StableHash.of($0 % 5) % 3 }.values.map(\.count).max() ?? 0
            #expect(clock.now.offset >= .seconds(most) && clock.now.offset <= .seconds(most + 12))
            #expect(recorder.all == Array(1...60))
        }
    }

    @Test("37, 38, 41: what fails in a batch fails by itself; an error fails the batch; the next one is handled")
    func failedBatches() throws {
        try underEachSchedule { clock in
            var script = Script()
            script.onBatch = { batch in
                if batch.bodies.contains(1) { batch.fail(at: 1, because: MessageFailure("no")) }
                if batch.bodies.contains(4) { throw Script.Broken() }
                // Another batch in the place of its own is the failure of all of it.
                if batch.bodies.contains(7) { batch = MessageBatch(info: batch.info, messages: [batch.messages[0]]) }
            }
            let (recorder, reports) = (Recorder(), Reports())
            try await run(
                1...12,
                script,
                Processors(concurrency: 1),
                [Batcher(size: .count(3))],
                recorder: recorder,
                reports: reports,
                clock: clock
            )
            #expect(recorder.failed == [2, 4, 5, 6, 7, 8, 9] && recorder.successful == [1, 3, 10, 11, 12])
            #expect(script.memory.failedBatches == [[2], [4, 5, 6], [7, 8, 9]])
            #expect(recorder.reason(4)?.code == .thrown && recorder.reason(9)?.code == .wrongMessages)
            #expect(reports.failures.count == 7)
        }
    }

    @Test("a batch that takes too long fails, and what comes behind it is handled") func batchTimeout() throws {
        try underEachSchedule { clock in
            var script = Script()
            script.onBatch = { batch in
                if batch.bodies.contains(1) { try await clock.sleep(for: .seconds(60)) }
            }
            let recorder = Recorder()
            try await run(
                1...4,
                script,
                Processors(concurrency: 1),
                [Batcher(size: .count(2), handlingTimeout: .seconds(3))],
                recorder: recorder,
                clock: clock
            )
            #expect(recorder.failed == [1, 2] && recorder.successful == [3, 4])
            #expect(recorder.reason(1)?.code == .timedOut)
        }
    }

    @Test(
        "44: a producer that fails is made again, and nobody else notices; when no more is forgiven, the pipeline fails"
    )
    func restart() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            let lives = Mutex(0)
            @Sendable func pipeline(limit: Int) -> Pipeline<Flaky, Script> {
                Pipeline(
                    source: Producers(restart: .upTo(limit, within: .seconds(10))) { _ in
                        let life = lives.withLock { lives in
                            lives += 1
                            return lives
                        }
                        return Flaky(recorder.messages([life * 2 - 1, life * 2]), isLast: life == 3)
                    },
                    processors: Processors(concurrency: 1),
                    handler: Script()
                )
            }
            try await pipeline(limit: 2).run(clock: clock)
            #expect(recorder.all == [1, 2, 3, 4, 5, 6])
            lives.withLock { $0 = 0 }
            await #expect(throws: Script.Broken.self) {
                do { try await pipeline(limit: 1).run(clock: clock) } catch let error as StageError {
                    throw error.cause ?? error
                }
            }
        }
    }

    @Test("49: what a drain finds inside is handled and acknowledged, and the source is not asked again") func drain()
        throws
    {
        try underEachSchedule { clock in
            let recorder = Recorder()
            let script = Script(slow: clock)
            try await Pipeline(
                source: Producers { _ in Endless(recorder) },
                processors: Processors(concurrency: 2),
                batchers: [Batcher(size: .count(7), concurrency: 2)],
                handler: script
            ).run(clock: clock) { running in
                try await clock.sleep(for: .seconds(20))
                running.drain()
            }
            let handled = script.memory.handled.count
            #expect(handled > 10)
            #expect(recorder.all == script.memory.handled.map(UInt64.init).sorted())
            #expect(script.memory.batches.reduce(0) { $0 + $1.messages.count } == handled)
        }
    }

    @Test("52: a handler that does not end is cancelled at the drain's deadline, and what is left is not acknowledged")
    func drainDeadline() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            var script = Script()
            script.onMessage = { message in
                if message.body == 3 { try await clock.sleep(for: .seconds(100_000)) }
                return message
            }
            let (handling, messages) = (script, recorder.messages(1...4))
            await #expect(throws: StageError.self) {
                try await Pipeline(
                    source: Producers { _ in SequenceSource(messages) },
                    processors: Processors(concurrency: 1, maxDemand: 1),
                    handler: handling
                ).run(clock: clock) { running in
                    try await clock.sleep(for: .seconds(1))
                    running.drain(within: .seconds(5))
                }
            }
            #expect(clock.now.offset == .seconds(6))
            #expect(recorder.successful == [1, 2] && recorder.failed.isEmpty)
        }
    }

    @Test("a source that fails for good ends the body, which waits for something else") func failureEndsBody() throws {
        try underEachSchedule { clock in
            let hasEnded = Mutex(false)
            let messages = Recorder().messages(1...3)
            await #expect(throws: Script.Broken.self) {
                try await Pipeline(
                    source: Producers(restart: .never) { _ in Flaky(messages, isLast: false) },
                    processors: Processors(concurrency: 2),
                    handler: Script()
                ).run(clock: clock) { _ in
                    defer { hasEnded.withLock { $0 = true } }
                    try await clock.sleep(for: .seconds(1_000_000))
                }
            }
            #expect(hasEnded.withLock { $0 })
            #expect(clock.now.offset < .seconds(1000))
        }
    }

    @Test("a handler that is slow stops its source: no more is inside than the windows hold") func pressure() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            var script = Script()
            script.onBatch = { _ in try await clock.sleep(for: .seconds(1000)) }
            let source = Endless(recorder)
            let handling = script
            await #expect(throws: CancellationError.self) {
                try await Pipeline(
                    source: Producers { _ in source },
                    processors: Processors(concurrency: 2, maxDemand: 4),
                    batchers: [Batcher(size: .count(5))],
                    handler: handling
                ).run(clock: clock) { running in
                    try await clock.sleep(for: .seconds(500))
                    running.cancel()
                }
            }
            // Of each processor its window, its queue for the batcher and what that was promised; two batches.
            #expect(source.emitted <= 2 * (4 + 4 + 5) + 2 * 5)
            #expect(recorder.all.isEmpty)
        }
    }

    @Test("62, 63: messages are tested one by one or together, and the test is told what became of each") func testing()
        throws
    {
        try underEachSchedule { clock in
            var script = Script()
            script.onMessage = { message in
                if message.metadata["bad"] != nil { throw MessageFailure("bad") }
                if message.body == 3 { throw Script.Broken() }
                return message
            }
            let handling = script
            try await Pipeline(
                source: Producers { _ in Silent() },
                processors: Processors(concurrency: 2),
                batchers: [Batcher(size: .count(100), timeout: .seconds(1000))],
                handler: handling
            ).run(clock: clock) { running in
                let outcomes = try await running.test([1, 2, 3])
                #expect(outcomes.map { $0?.code } == [nil, nil, .thrown])
                let refused = try await running.test([4], metadata: ["bad": "1"])
                #expect(refused.map { $0?.code } == [.refused])
                running.drain()
            }
            #expect(clock.now.offset < .seconds(1000), "Its batches leave at once")
        }
    }

    @Test("a test of messages that a pipeline does not handle any more ends", arguments: [true, false])
    func testingAtTheEnd(isCancelled: Bool) throws {
        try underEachSchedule { clock in
            let script = Script(slow: clock)
            let pipeline = Pipeline(
                source: Producers { _ in Silent() },
                processors: Processors(concurrency: 1, maxDemand: 1),
                handler: script
            )
            // Its room is that of a processor: what is behind waits, and is dropped or refused.
            try? await pipeline.run(clock: clock) { running in
                try await withThrowingTaskGroup { group in
                    group.addTask { try await running.test([1]) }
                    group.addTask { try await running.test([2]) }
                    try await clock.sleep(for: .milliseconds(500))
                    if isCancelled { running.cancel() } else { running.drain() }
                    var codes: [MessageFailure.Code?] = []
                    while let outcome = await group.nextResult() {
                        if case .success(let failures) = outcome { codes += failures.map { $0?.code } }
                    }
                    // The first one is being handled: a drain waits for it.
                    #expect(codes.contains(nil) != isCancelled)
                    #expect(codes.allSatisfy { $0 == nil || $0 == .dropped })
                }
            }
        }
    }

    @Test("what was handled is told with its batch, how many failed, and how long it took") func handledIsTold() throws
    {
        try underEachSchedule(0..<10) { clock in
            let reports = Reports()
            var script = Script(slow: clock)
            script.onMessage = { message in
                try await clock.sleep(for: .seconds(1))
                if message.body == 3 { throw MessageFailure("three") }
                return message
            }
            let recorder = Recorder()
            try await Pipeline(
                source: Producers { _ in Flaky(recorder.messages(1...4), isLast: true) },
                processors: Processors(concurrency: 1, maxDemand: 4, minDemand: 0),
                batchers: [Batcher(size: .count(3))],
                handler: script,
                report: reports.note
            ).run(clock: clock)
            #expect(
                reports.handled.map { "\($0.stage) \($0.messages) \($0.failed) \($0.duration)" } == [
                    "processor 0 4 1 4.0 seconds", "batch processor default 0 3 0 3.0 seconds",
                ]
            )
            #expect(reports.handled.map(\.batch?.trigger) == [nil, .size])
        }
    }

    @Test(
        "55 to 59: the rate bounds what the producers are asked for together, and may be changed; a drain ends the wait"
    )
    func rate() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            let limit = RateLimit(rate: 1, per: .seconds(10), clock: clock)
            try await Pipeline(
                source: Producers(concurrency: 2, limit: limit) { _ in Endless(recorder) },
                processors: Processors(concurrency: 2),
                handler: Script()
            ).run(clock: clock) { running in
                try await clock.sleep(for: .seconds(95))
                #expect(recorder.all.count == 10)
                limit.change(to: 1, per: .seconds(1))
                try await clock.sleep(for: .seconds(10))
                #expect((19...21).contains(recorder.all.count))
                limit.change(to: 1, per: .seconds(100_000))
                try await clock.sleep(for: .seconds(10))
                let pushed = recorder.messages([1_000_000])
                try await running.push(pushed)
                try await clock.sleep(for: .seconds(1))
                running.drain()
            }
            #expect((20...23).contains(recorder.all.count) && recorder.successful.contains(1_000_000))
            #expect(clock.now.offset < .seconds(200))
        }
    }

    @Test("a pause holds the source back, and nothing else") func pause() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            let source = Endless(recorder)
            try await Pipeline(
                source: Producers { _ in source },
                processors: Processors(concurrency: 1),
                handler: Script(slow: clock)
            ).run(clock: clock) { running in
                try await clock.sleep(for: .seconds(10))
                running.pause()
                try await clock.sleep(for: .seconds(1000))
                #expect(recorder.all.count >= source.emitted - 10)
                let (emitted, count) = (source.emitted, recorder.all.count)
                let outcomes = try await running.test([-1, -2])
                #expect(outcomes.allSatisfy { $0 == nil } && source.emitted == emitted && recorder.all.count == count)
                running.resume()
                try await clock.sleep(for: .seconds(10))
                #expect(recorder.all.count > count)
                running.drain()
            }
        }
    }

    @Test("what is thrown is tried again, a message or a batch as it was; what is refused is not") func retry() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            let tries = Mutex<[Int: Int]>([:])
            @Sendable func attempt(_ number: Int) -> Int {
                tries.withLock { tries in
                    tries[number, default: 0] += 1
                    return tries[number] ?? 0
                }
            }
            var script = Script()
            script.onMessage = { message in
                switch message.body {
                case 1 where attempt(1) < 3: throw Script.Broken()
                case 2 where attempt(2) == 1: try await clock.sleep(for: .seconds(60))
                case 3: _ = attempt(3); throw MessageFailure("no")
                case 4: _ = attempt(4); throw Script.Broken()
                default: break
                }
                return message
            }
            script.onBatch = { batch in
                batch.fail(at: 0, because: MessageFailure("in the attempt that counts, or not at all"))
                if attempt(100) == 1 { throw Script.Broken() }
                batch = batch.withoutFailures
            }
            let retry = RetryPolicy(attempts: 3, base: .seconds(1))
            try await run(
                1...5,
                script,
                Processors(concurrency: 1, timeout: .seconds(5), retry: retry),
                [Batcher(size: .count(3), retry: retry)],
                recorder: recorder,
                clock: clock
            )
            #expect(recorder.failed.sorted() == [3, 4] && recorder.successful.sorted() == [1, 2, 5])
            #expect(tries.withLock(\.self) == [1: 3, 2: 2, 3: 1, 4: 3, 100: 2])
            #expect(script.memory.batches.map(\.bodies) == [[1, 2, 5], [1, 2, 5]])
        }
    }
}

extension MessageBatch {
    /// The batch as it came.
    fileprivate var withoutFailures: MessageBatch {
        MessageBatch(
            info: info,
            messages: messages.map { message in
                var clean = Message(message.body)
                clean.acknowledgement = message.acknowledgement
                return clean
            }
        )
    }
}

extension Script {
    /// Every message takes a second, every batch three.
    init(slow clock: TestClock) {
        self.init()
        onMessage = { message in
            try await clock.sleep(for: .seconds(1))
            return message
        }
        onBatch = { _ in try await clock.sleep(for: .seconds(3)) }
    }
}
