import SluicePostgres
import SluiceSinks

/// The steps of the check of an ordered sink; each leaves the place as the next expects it.
struct OrderedSinkTrial {
    let make: @Sendable () async throws -> any OrderedSink
    let rows: @Sendable () async throws -> [SampleRow]

    let source = SourceIdentity(systemIdentifier: "7300000000000000001", timeline: 1, slot: "check")
    var stream = SampleStream()
    var nextID = 1
    /// What the place must hold.
    var expected: [SampleRow] = []
    /// What the state file would remember.
    var position: SinkPosition?

    init(
        make: @escaping @Sendable () async throws -> any OrderedSink,
        rows: @escaping @Sendable () async throws -> [SampleRow]
    ) {
        self.make = make
        self.rows = rows
    }

    mutating func beginsEmpty() async throws {
        let (first, second) = (try await make().identity, try await make().identity)
        guard first == second, !first.isEmpty else {
            throw violation(1, "two instances call themselves \"\(first)\" and \"\(second)\"")
        }
        try await withSink(rule: 2) { _, _ in }
    }

    mutating func deliversInOrder() async throws {
        try await withSink(rule: 4) { sink, trial in
            for size in [1, 2, 500] { try await trial.deliver(trial.batch(of: size), to: sink) }
            let notes = [
                "", "null", "line\nbreak\r\n\ttab", "\"quotes\" and \\ backslash", "'; --", "grüße ⌘ 😀 \u{2028}\u{1}",
                String(repeating: "0123456789abcdef", count: 1 << 16),
            ]
            try await trial.deliver(trial.batch(notes), to: sink)
            try await trial.expectRows(4, "after its delivery")
        }
        try await expectRows(4, "when it was closed")
    }

    mutating func movesWithoutMessages() async throws {
        try await withSink(rule: 5) { sink, trial in
            let before = trial.position
            let same = try await trial.attempt(5, "an empty batch") { try await sink.deliver([]) }
            guard same.cursor == before?.cursor else {
                throw trial.violation(5, "an empty batch moved it to \(trial.told(same))")
            }
            try await trial.deliver(trial.stream.transaction([.filtered, .filtered]), to: sink, rule: 5)
            try await trial.expectRows(5, "after changes without messages")
        }
        try await withSink(rule: 5) { _, _ in }
    }

    mutating func goesOn() async throws {
        let first = batch(of: 20)
        let second = batch(of: 20)
        let rest = expected.suffix(20)
        expected.removeLast(20)
        try await withSink(rule: 6) { sink, trial in
            try await trial.deliver(first, to: sink)
        }
        expected += rest
        try await withSink(rule: 6) { sink, trial in
            // What is behind the position, too, in one batch and not where it was cut before.
            try await trial.deliver(Array(first[5...]) + second, to: sink, rule: 7)
            try await trial.expectRows(7, "after changes that came again")
        }
    }

    mutating func rewinds() async throws {
        let first = batch(of: 10)
        let second = batch(of: 10)
        try await withSink(rule: 8) { sink, trial in
            try await trial.deliver(first + second, to: sink, rule: 8)
        }
        try await withSink(rule: 8) { sink, trial in
            guard let cursor = first.last?.lastCursor else { return }
            let position = try await trial.attempt(8, "a rewind") { try await sink.rewind(to: cursor) }
            guard let reached = position.cursor, reached <= cursor else {
                throw trial.violation(8, "asked to go back to \(cursor), it is at \(trial.told(position))")
            }
            try await trial.deliver(second, to: sink, rule: 8)
            try await trial.expectRows(8, "after a rewind and a new delivery")
        }
    }

    mutating func refusesAnotherSource() async throws {
        let other = SourceIdentity(systemIdentifier: source.systemIdentifier, timeline: 1, slot: "another")
        let sink = try await make()
        do {
            _ = try await sink.open(for: other, remembered: nil)
        } catch let error as SinkError where error.code == .otherSource {
            return await sink.close()
        } catch {
            await sink.close()
            throw violation(9, "opened for another source it failed with \(error), not with otherSource")
        }
        await sink.close()
        throw violation(9, "opened for another source it did not refuse")
    }

    mutating func isOneAtATime() async throws {
        try await withSink(rule: 10) { first, trial in
            try await trial.deliver(trial.batch(of: 3), to: first)
            let second = try await trial.make()
            do {
                try await trial.useSecond(second, beside: first)
            } catch {
                await second.close()
                throw error
            }
            await second.close()
        }
        try await expectRows(10, "after two sinks on one place")
    }

    private mutating func useSecond(_ second: any OrderedSink, beside first: any OrderedSink) async throws {
        do {
            _ = try await second.open(for: source, remembered: position)
        } catch let error as SinkError where error.code == .inUse {
            // The first one goes on.
            return try await deliver(batch(of: 3), to: first, rule: 10)
        } catch {
            throw violation(10, "the second one failed with \(error), not with inUse")
        }
        let both = batch(of: 3)
        try await deliver(both, to: second, rule: 10)
        do {
            _ = try await first.deliver(both)
        } catch let error as SinkError where error.code == .takenOver {
            return
        } catch {
            throw violation(10, "the first one failed with \(error), not with takenOver")
        }
        throw violation(10, "the second one has delivered, and the first one still does")
    }

    mutating func survivesCancellation() async throws {
        for round in 0..<4 {
            let before = expected
            let changes = batch(of: 200)
            let opened = try await open(rule: 11)
            // Only a task of its own can be cancelled while its caller goes on; its end is awaited below.
            let task = Task { [opened] in
                if round == 0 { withUnsafeCurrentTask { $0?.cancel() } }
                return try await opened.deliver(changes)
            }
            for _ in 0..<round { await Task.yield() }
            task.cancel()
            let result = await task.result
            await opened.close()
            switch result {
            case .success(let answer): position = answer
            case .failure(let error):
                guard error is CancellationError else {
                    throw violation(11, "a cancelled call failed with \(error)")
                }
                // What has become of it is known when a new one looks.
                let found = try await rows()
                guard found == expected || found == before else {
                    throw violation(11, "\(found.count - before.count) rows of \(changes.count - 1) are there")
                }
                expected = found
                position = try await reopened()
            }
            try await expectRows(11, "after a cancelled call")
        }
    }

    private func reopened() async throws -> SinkPosition {
        let sink = try await make()
        let opening = try await attempt(11, "opening it again") {
            try await sink.open(for: source, remembered: position)
        }
        await sink.close()
        return opening.position
    }

    mutating func closes() async throws {
        let unused = try await make()
        await unused.close()
        let sink = try await make()
        try await expectNotOpen("before it was opened") { [stream] in
            var stream = stream
            return try await sink.deliver(stream.transaction([.filtered]))
        }
        await sink.close()
        let opened = try await open(rule: 12)
        try await expectNotOpen("opened a second time") { [source] in
            try await opened.open(for: source, remembered: nil).position
        }
        await opened.close()
        await opened.close()
        try await expectNotOpen("after it was closed") { [stream] in
            var stream = stream
            return try await opened.deliver(stream.transaction([.filtered]))
        }
        try await expectRows(12, "at the end")
    }

    private func expectNotOpen(_ when: String, _ body: () async throws -> SinkPosition) async throws {
        do {
            _ = try await body()
        } catch let error as SinkError where error.code == .notOpen {
            return
        } catch {
            throw violation(12, "\(when) it failed with \(error), not with notOpen")
        }
        throw violation(12, "\(when) it did what it was asked")
    }
}
