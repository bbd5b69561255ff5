import Sluice
import SluiceTesting
import Synchronization
import Testing

@testable import SluicePipelines

@Suite struct ProcessorTests {
    /// Lets messages go through one processor, together.
    private func process(
        _ script: Script,
        _ numbers: ClosedRange<Int> = 1...4,
        batchers: [String] = ["default"],
        reports: Reports = Reports(),
        recorder: Recorder = Recorder(),
        retry: RetryPolicy = .never,
        putAside: DeadLetters<Int>? = nil
    ) async -> [Message<Int>] {
        let processor = Processor(
            name: "processor 0",
            handler: script,
            call: HandlerCall(timeout: nil, retry: retry, clock: ContinuousClock()),
            batchers: batchers,
            putAside: putAside,
            report: Reporting(reports.note, clock: ContinuousClock())
        )
        return await processor.process(recorder.messages(numbers))
    }

    @Test("10, 11: those that were refused are acknowledged as failed, whatever batcher they name; the others go on")
    func refused() async {
        let (reports, recorder) = (Reports(), Recorder())
        var script = Script()
        script.onMessage = { message in
            guard message.body.isMultiple(of: 2) else { return message }
            var message = message
            message.batcher = "nowhere"
            message.fail(because: MessageFailure("even"))
            message.fail(because: MessageFailure("the second reason does not count"))
            return message
        }
        let on = await process(script, reports: reports, recorder: recorder)
        #expect(on.map(\.body) == [1, 3] && on.allSatisfy { $0.failure == nil })
        #expect(recorder.calls == [Recorder.Call(group: 0, successful: [], failed: [2, 4])])
        #expect(recorder.reason(2)?.message == "even")
        #expect(reports.failures == [.refused, .refused])
        #expect(script.memory.failedOnes == [[2, 4]])
    }

    @Test("13, 36: a thrown error fails its message only, and that is handed to the handler of failed ones")
    func thrown() async {
        let (reports, recorder) = (Reports(), Recorder())
        var script = Script()
        script.onMessage = { message in
            if message.body == 2 { throw Script.Broken() }
            return message
        }
        #expect(await process(script, reports: reports, recorder: recorder).map(\.body) == [1, 3, 4])
        #expect(recorder.failed == [2] && recorder.reason(2)?.cause is Script.Broken)
        #expect(reports.failures == [.thrown])
        #expect(script.memory.failedOnes == [[2]])
    }

    @Test("16: a task that the handler has started fails: so does its message, and the processor goes on")
    func failingTask() async {
        let recorder = Recorder()
        var script = Script()
        script.onMessage = { message in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { if message.body == 2 { throw Script.Broken() } }
                group.addTask { if message.body == 2 { for await _ in AsyncStream<Never>.makeStream().stream {} } }
                while try await group.next() != nil {}
            }
            return message
        }
        #expect(await process(script, recorder: recorder).map(\.body) == [1, 3, 4])
        #expect(recorder.failed == [2] && recorder.reason(2)?.cause is Script.Broken)
    }

    @Test("14: a handler that returns another message has handled its own") func another() async {
        let recorder = Recorder()
        let (stolen, strange) = (recorder.messages([1])[0], Message(7))
        var script = Script()
        script.onMessage = { $0.body == 1 ? strange : $0.body == 2 ? stolen : $0 }
        let on = await process(script, batchers: [], recorder: recorder)
        #expect(on.isEmpty)
        #expect(recorder.all == [1, 2, 3, 4])
    }

    @Test("15: a batcher that is not there fails the message, and the reason names those that are")
    func unknownBatcher() async {
        let recorder = Recorder()
        var script = Script()
        script.onMessage = { message in
            var message = message
            message.batcher = message.body == 3 ? "nowhere" : "b"
            return message
        }
        #expect(await process(script, batchers: ["a", "b"], recorder: recorder).map(\.body) == [1, 2, 4])
        #expect(recorder.reason(3)?.code == .unknownBatcher)
        #expect(recorder.reason(3)?.message == "There is no batcher \"nowhere\"; there are \"a\", \"b\"")
    }

    @Test("19: without batchers they are acknowledged where they were handled, once for what came together")
    func terminal() async {
        let recorder = Recorder()
        var script = Script()
        script.onMessage = { message in
            if message.body == 3 { throw MessageFailure("no") }
            return message
        }
        #expect(await process(script, batchers: [], recorder: recorder).isEmpty)
        #expect(recorder.calls == [Recorder.Call(group: 0, successful: [1, 2, 4], failed: [3])])
    }

    @Test("20: what is prepared goes on; a wrong number, another order or an error fails all of them")
    func prepare() async {
        var script = Script()
        script.onPrepare = { messages in
            for index in messages.indices { messages[index].body *= 10 }
            messages[1].fail(because: MessageFailure("not ready"))
        }
        var recorder = Recorder()
        #expect(await process(script, recorder: recorder).map(\.body) == [10, 30, 40])
        #expect(recorder.failed == [2] && script.memory.handled == [10, 30, 40])

        let wrong: [@Sendable (inout [Message<Int>]) async throws -> Void] = [
            { $0.removeLast() }, { $0.append($0[0]) }, { $0.swapAt(0, 1) }, { _ in throw Script.Broken() },
        ]
        for (number, onPrepare) in wrong.enumerated() {
            recorder = Recorder()
            var script = Script()
            script.onPrepare = onPrepare
            #expect(await process(script, recorder: recorder).isEmpty)
            #expect(recorder.calls == [Recorder.Call(group: 0, successful: [], failed: [1, 2, 3, 4])])
            #expect(recorder.reason(1)?.code == (number == 3 ? .thrown : .wrongMessages))
            #expect(script.memory.handled.isEmpty)
        }
    }

    @Test("33: a message that was acknowledged early is not acknowledged again, however many copies there are")
    func early() async throws {
        let recorder = Recorder()
        var script = Script()
        script.onMessage = { message in
            if message.body == 2 {
                let copy = message
                try await copy.acknowledge()
                try await message.acknowledge()
                throw Script.Broken()
            }
            if message.body == 3 { try await message.acknowledge() }
            return message
        }
        let on = await process(script, batchers: [], recorder: recorder)
        #expect(on.isEmpty)
        #expect(recorder.all == [1, 2, 3, 4])
        #expect(recorder.calls.map(\.successful) == [[2], [3], [1, 4]])
        #expect(script.memory.failedOnes == [[2]])
    }

    @Test("34: options of an acknowledgement reach the source before it, or fail the message if it has none")
    func configured() async {
        var script = Script()
        script.onMessage = { message in
            if message.body == 2 { try message.configureAcknowledgement("gently") }
            return message
        }
        let recorder = Recorder()
        #expect(await process(script, recorder: recorder).map(\.body) == [1, 3, 4])
        #expect(recorder.failed == [2] && recorder.reason(2)?.cause is AcknowledgementError)

        let choosy = Choosy()
        let processor = Processor(
            name: "processor 0",
            handler: script,
            call: HandlerCall(timeout: nil, clock: ContinuousClock()),
            batchers: [],
            putAside: nil,
            report: Reporting(nil, clock: ContinuousClock())
        )
        let acknowledgements = choosy.acknowledgements(of: [.number(1), .number(2)])
        _ = await processor.process(zip(1...2, acknowledgements).map { Message($0, acknowledgement: $1) })
        #expect(choosy.told == ["2 gently", "acknowledged 2"])
    }

    /// Has options.
    private final class Choosy: Acknowledger {
        private let log = Mutex<[String]>([])

        var told: [String] { log.withLock { $0 } }

        func configure(_ options: any Sendable, _ receipt: Receipt, of group: Int) {
            guard case .number(let number) = receipt else { return }
            log.withLock { $0.append("\(number) \(options)") }
        }

        func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) {
            log.withLock { $0.append("acknowledged \(outcome.successful.count)") }
        }
    }

    @Test("35: each source, and each of its groups, is told by itself, also if another throws") func groups() async {
        let recorder = Recorder { $0 == 0 }
        let (other, reports) = (Recorder(), Reports())
        var script = Script()
        script.onMessage = { message in
            if message.body % 4 == 0 { throw Script.Broken() }
            return message
        }
        let processor = Processor(
            name: "p",
            handler: script,
            call: HandlerCall(timeout: nil, clock: ContinuousClock()),
            batchers: [],
            putAside: nil,
            report: Reporting(reports.note, clock: ContinuousClock())
        )
        _ = await processor.process(recorder.messages(1...4) { $0 % 2 } + other.messages(5...6))
        #expect(
            Set(recorder.calls) == [
                Recorder.Call(group: 0, successful: [2], failed: [4]),
                Recorder.Call(group: 1, successful: [1, 3], failed: []),
            ]
        )
        #expect(other.calls == [Recorder.Call(group: 0, successful: [5, 6], failed: [])])
        #expect(reports.unacknowledged == 2)
    }

    @Test("39: an error of the handler of failed messages is told, and they are acknowledged") func failureHandler()
        async
    {
        let (reports, recorder) = (Reports(), Recorder())
        var script = Script()
        script.onMessage = { _ in throw MessageFailure("no") }
        script.onFailed = { throw Script.Broken() }
        _ = await process(script, reports: reports, recorder: recorder)
        #expect(recorder.failed == [1, 2, 3, 4] && reports.brokenFailureHandlers == 1)
    }

    @Test("what failed is put aside, and then counts as handled for its source") func deadLetters() async {
        let (reports, recorder) = (Reports(), Recorder())
        let aside = Mutex<[String]>([])
        var script = Script()
        script.onMessage = { message in
            if message.body.isMultiple(of: 2) { throw MessageFailure("even") }
            return message
        }
        let on = await process(script, reports: reports, recorder: recorder) { messages in
            aside.withLock { $0 += messages.map { "\($0.body) \($0.failure?.message ?? "")" } }
        }
        #expect(on.map(\.body) == [1, 3])
        #expect(aside.withLock(\.self) == ["2 even", "4 even"])
        #expect(recorder.calls == [Recorder.Call(group: 0, successful: [2, 4], failed: [])])
        #expect(reports.failures == [.refused, .refused] && script.memory.failedOnes == [[2, 4]])
    }

    @Test("what cannot be put aside, as often as it may be tried, is acknowledged as failed") func deadLettersFail()
        async
    {
        let (reports, recorder) = (Reports(), Recorder())
        let calls = Mutex(0)
        var script = Script()
        script.onMessage = { _ in throw MessageFailure("no") }
        _ = await process(
            script,
            1...2,
            reports: reports,
            recorder: recorder,
            retry: RetryPolicy(attempts: 3, backoff: Backoff(base: .zero, maximum: .zero))
        ) { _ in
            calls.withLock { $0 += 1 }
            throw Script.Broken()
        }
        #expect(calls.withLock(\.self) == 3)
        #expect(recorder.calls == [Recorder.Call(group: 0, successful: [], failed: [1, 2])])
        #expect(reports.notPutAside == 2 && recorder.reason(1)?.message == "no")
    }

    @Test("a handler that takes too long is cancelled, and its message fails, also if it returns all the same")
    func timeout() throws {
        try underEachSchedule { clock in
            let recorder = Recorder()
            var script = Script()
            script.onMessage = { message in
                if message.body == 2 { try? await clock.sleep(for: .seconds(60)) }
                return message
            }
            let processor = Processor(
                name: "p",
                handler: script,
                call: HandlerCall(timeout: .seconds(5), clock: clock),
                batchers: [],
                putAside: nil,
                report: Reporting(nil, clock: clock)
            )
            _ = await processor.process(recorder.messages(1...3))
            #expect(recorder.successful == [1, 3] && recorder.failed == [2])
            #expect(recorder.reason(2)?.code == .timedOut)
            #expect(clock.now.offset == .seconds(5))
        }
    }
}
