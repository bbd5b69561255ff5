import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite("The queue in front of a keyed sink")
struct KeyedQueueTests {
    @Test("messages of different keys go together, and those that come meanwhile gather")
    func gathering() throws {
        let script = QueueScript(messages: 3)
        script.take(.key(1))
        let first = try #require(script.request())
        #expect(first.numbers == [0])
        script.take(.key(2))
        script.take(.key(3))
        // Neither request would be full.
        #expect(script.request() == nil)
        script.take(.key(4))
        let second = try #require(script.request())
        #expect(second.numbers == [1, 2, 3])
        script.answer(first)
        script.answer(second)
        #expect(script.isEmpty)
    }

    @Test("C29: a hot key fills requests if a failure takes the rest with it")
    func hotKey() throws {
        let script = QueueScript(messages: 4)
        for _ in 0..<9 { script.take(.key(1)) }
        let first = try #require(script.request())
        #expect(first.numbers == [0, 1, 2, 3])
        #expect(script.request() == nil)
        script.answer(first)
        #expect(script.request()?.numbers == [4, 5, 6, 7])
    }

    @Test("one message of a key at a time if failures are independent")
    func independentFailures() throws {
        let script = QueueScript(keyFailure: .independent)
        script.take(.key(1))
        script.take(.key(1))
        script.take(.key(2))
        let first = try #require(script.request())
        #expect(first.numbers == [0, 2])
        script.answer(first)
        #expect(script.request()?.numbers == [1])
    }

    @Test("behind a message that failed, the rest of its key counts as unsent, whatever the answer says")
    func failureInTheMiddle() throws {
        let script = QueueScript()
        for _ in 0..<3 { script.take(.key(1)) }
        script.take(.key(2))
        let first = try #require(script.request())
        #expect(first.numbers == [0, 1, 2, 3])
        script.answer(first, [.durable, .failed(reason: "no"), .durable, .durable])
        #expect(script.settlement().messages == 2)
        #expect(script.request() == nil)
        script.now = .seconds(1)
        #expect(script.request()?.numbers == [1, 2])
    }

    @Test("C30: a key that fails waits longer each time, and others go on")
    func poisonedKey() throws {
        let script = QueueScript(messages: 2)
        script.take(.key(1))
        for (wait, number) in zip([1, 2, 4, 8, 8], UInt64(1)...) {
            let request = try #require(script.request())
            #expect(request.numbers.contains(0))
            script.answer(request, request.numbers.map { $0 == 0 ? .failed(reason: "no") : .durable })
            script.take(.key(1 + number))
            let other = try #require(script.request())
            #expect(other.numbers == [number])
            script.answer(other)
            guard case .wait(until: let until) = script.step() else { Issue.record("It does not wait"); return }
            #expect(until == script.now + .seconds(wait))
            script.now += .seconds(wait)
        }
    }

    @Test("the sink's own wish for a pause counts if it is longer")
    func retryAfter() throws {
        let script = QueueScript()
        script.take(.key(1))
        let request = try #require(script.request())
        script.answer(request, [.failed(reason: "slow down", after: .seconds(60))])
        guard case .wait(until: .seconds(60)) = script.step() else { Issue.record("It does not wait"); return }
    }

    @Test("C30: after the last attempt it goes to the dead letters, and the key proceeds")
    func deadLetter() throws {
        let script = QueueScript(maxFailures: 2, hasDeadLetters: true)
        script.take(.key(1))
        script.take(.key(1))
        for attempt in 1...2 {
            let request = try #require(script.request())
            script.answer(request, [.failed(reason: "attempt \(attempt)"), .durable])
            script.now += .seconds(10)
        }
        guard case .bury(let burial) = script.step() else { Issue.record("It is not put aside"); return }
        #expect(burial.letter.reason == "attempt 2")
        #expect(burial.letter.attempts == 2)
        // Not before the letter is durable.
        #expect(script.request() == nil)
        #expect(script.settlement().messages == 0)
        script.queue.buried(burial)
        #expect(script.request()?.numbers == [1])
    }

    @Test("a refused message ends the stream if there is no place for dead letters")
    func refusedWithoutDeadLetters() throws {
        let script = QueueScript()
        script.take(.key(1))
        let request = try #require(script.request())
        script.answer(request, [.refused(reason: "It has no shape.")])
        guard case .fail(let error) = script.step() else { Issue.record("It goes on"); return }
        #expect(error.code == .refused)
        #expect(error.message.contains("--dead-letter") && error.message.contains("It has no shape."))
        #expect(error.message.contains("public.1"))
    }

    @Test("a message above the sink's limit is refused without being sent")
    func oversized() throws {
        let script = QueueScript(messageBytes: 20, hasDeadLetters: true)
        script.take(.key(1), size: 21)
        script.take(.key(1), size: 20)
        guard case .bury(let burial) = script.step() else { Issue.record("It is not put aside"); return }
        #expect(burial.letter.reason.contains("21") && burial.letter.reason.contains("20"))
        #expect(burial.letter.attempts == 0)
        script.queue.buried(burial)
        #expect(script.request()?.numbers == [1])
    }

    @Test("a request keeps to the limit of bytes, and one larger message goes alone")
    func byteLimit() throws {
        let script = QueueScript(bytes: 25)
        for size in [10, 10, 10, 40, 5] { script.take(.key(UInt64(script.next)), size: size) }
        #expect(script.requests().map(\.numbers) == [[0, 1], [2], [3], [4]])
    }

    @Test("C31: a row whose key changes waits for both keys, and both wait for it")
    func keyChange() throws {
        let script = QueueScript(messages: 1)
        script.take(.key(1))
        script.take(.key(2))
        script.take(.keys(2, 1))
        script.take(.key(1))
        script.take(.key(2))
        let first = script.requests()
        #expect(first.map(\.numbers) == [[0], [1]])
        script.answer(first[0])
        #expect(script.request() == nil)
        script.answer(first[1])
        let second = try #require(script.request())
        #expect(second.numbers == [2])
        #expect(script.request() == nil)
        script.answer(second)
        #expect(script.requests().map(\.numbers) == [[3], [4]])
    }

    @Test("E52: a truncate waits for its whole table, which waits for it; other tables do not care")
    func truncate() throws {
        let script = QueueScript(messages: 1)
        script.take(.key(1))
        script.take(.key(2))
        script.take(.wholeTable)
        script.take(.key(1))
        script.take(.key(3))
        script.take(.key(9), table: 2)
        let first = script.requests()
        #expect(first.map(\.numbers) == [[0], [1], [5]])
        script.answer(first[0])
        #expect(script.request() == nil)
        script.answer(first[1])
        let truncate = script.requests()
        #expect(truncate.map(\.numbers) == [[2]])
        script.answer(truncate[0])
        #expect(script.requests().map(\.numbers) == [[3], [4]])
    }

    @Test("an outage counts as no failure of a message, and one request finds out whether it is over")
    func outage() throws {
        let script = QueueScript(messages: 1, maxFailures: 1, hasDeadLetters: true)
        for key in 0..<3 { script.take(.key(UInt64(key))) }
        let first = script.requests()
        #expect(first.map(\.numbers) == [[0], [1], [2]])
        for request in first.reversed() { script.queue.unreachable(request, at: script.now) }
        for wait in [1, 2, 4, 8, 8] {
            guard case .wait(until: let until) = script.step() else { Issue.record("It does not wait"); return }
            #expect(until == script.now + .seconds(wait))
            script.now += .seconds(wait)
            let probes = script.requests()
            #expect(probes.map(\.numbers) == [[0]])
            script.queue.unreachable(probes[0], at: script.now)
        }
        script.now += .seconds(8)
        let probe = try #require(script.request())
        script.answer(probe)
        #expect(script.isUp)
        #expect(script.requests().map(\.numbers) == [[1], [2]])
    }

    @Test("the settled prefix moves over commits and stops at the first open message")
    func settledPrefix() throws {
        let script = QueueScript(messages: 1)
        script.take()
        #expect(script.settlement().last?.sequence == 0)
        script.take(.key(1))
        script.take(.key(2))
        script.take()
        let requests = script.requests()
        script.answer(requests[1])
        let later = script.settlement()
        #expect((later.last?.sequence, later.messages, later.cost) == (0, 1, 14))
        script.answer(requests[0])
        let all = script.settlement()
        #expect((all.last?.sequence, all.messages, all.cost) == (3, 1, 7))
        #expect(script.isEmpty)
    }

    @Test("it ends when everything is settled")
    func ending() throws {
        let script = QueueScript()
        script.take(.key(1))
        script.queue.isEnding = true
        let request = try #require(script.request())
        guard case .wait(until: nil) = script.step() else { Issue.record("It does not wait"); return }
        script.answer(request)
        guard case .finished = script.step() else { Issue.record("It does not end"); return }
    }

    @Test("a sink that answers for another number of messages ends the stream")
    func wrongAnswer() throws {
        let script = QueueScript()
        script.take(.key(1))
        let request = try #require(script.request())
        script.answer(request, [])
        guard case .fail(let error) = script.step() else { Issue.record("It goes on"); return }
        #expect(error.code == .notOurs)
    }
}
