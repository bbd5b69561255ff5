import Testing

@testable import SluicePostgres

@Suite("The reader, with a scripted server", .timeLimit(.minutes(5)))
struct SlotReaderTests {
    private let server = ScriptedServer()
    private let progress = SlotProgress(startingAt: LSN(rawValue: 50))

    private func makeReader(
        budget: any ReadBudget = UnlimitedBudget(),
        _ change: (inout SlotReader.Configuration) -> Void = { _ in }
    ) -> SlotReader {
        var configuration = SlotReader.Configuration()
        change(&configuration)
        let reader = SlotReader(configuration: configuration, budget: budget, progress: progress) { [server] in
            server.makeTransport()
        }
        reader.start()
        return reader
    }

    private func collect(_ count: Int, from reader: SlotReader, demand: Int = 100) async throws -> [RawChange] {
        var changes: [RawChange] = []
        while changes.count < count {
            guard let more = try await reader.next(min(demand, count - changes.count)) else { break }
            changes += more
        }
        return changes
    }

    @Test("B15: gives what was asked for and keeps the rest")
    func demand() async throws {
        let reader = makeReader()
        server.send(Frames.begin(100), Frames.relation(), Frames.insert(), Frames.insert(), Frames.insert())
        server.send(Frames.commit(100, end: 110))
        #expect(try await reader.next(2)?.map(\.sequence) == [0, 1])
        #expect(try await reader.next(1)?.map(\.sequence) == [2])
        #expect(try await reader.next(10)?.map(\.index) == [Cursor.commitIndex])
        #expect(try await reader.next(0)?.isEmpty == true)
        await reader.stop()
        #expect(server.finishes == 1)
        #expect(try await reader.next(1) == nil)
        #expect(reader.snapshot.state == .finished && reader.snapshot.changes == 4)
    }

    @Test("tells what tables are like from which row on, up to where a sink is and until it is durable")
    func versions() async throws {
        let reader = makeReader()
        server.send(Frames.begin(100), Frames.relation("a", oid: 1), Frames.insert(oid: 1))
        server.send(Frames.relation("b", oid: 2), Frames.insert(oid: 2), Frames.insert(oid: 1))
        server.send(Frames.commit(100, end: 110))
        _ = try await collect(4, from: reader)
        let row = { Cursor(commitLSN: LSN(rawValue: 100), index: $0) }
        #expect(progress.versions(through: nil).isEmpty)
        #expect(progress.versions(through: row(0)).map(\.relation.name) == ["a"])
        #expect(progress.versions(through: row(2)).map(\.since) == [row(0), row(1)])
        progress.madeDurable(versions: 1)
        #expect(progress.versions(through: row(9)).map(\.relation.name) == ["b"])
        await reader.stop()
    }

    @Test("starts where the durable position is, and reports what becomes durable")
    func statuses() async throws {
        let reader = makeReader()
        server.send(Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110))
        let changes = try await collect(2, from: reader)
        #expect(server.starts == [LSN(rawValue: 50)])
        #expect(progress.safe == LSN(rawValue: 100))
        #expect(progress.acknowledge(through: changes[1].sequence) == LSN(rawValue: 110))
        #expect(server.statuses.allSatisfy { $0.flush == 50 })
        progress.madeDurable(progress.safe)
        await reader.stop()
        #expect(server.statuses.last?.flush == 110)
        #expect(reader.snapshot.reported == LSN(rawValue: 110))
    }

    @Test("a wish of the server for a reply is answered at once")
    func reply() async throws {
        // Nothing else makes it send one.
        let reader = makeReader {
            $0.walSenderTimeout = 0
            $0.statusInterval = .seconds(3600)
        }
        server.send(Frames.begin(100), Frames.insert())
        _ = try await reader.next(1)
        let before = server.statuses.count
        server.send(Frames.keepalive(105, wantsReply: true), Frames.commit(100, end: 110))
        _ = try await reader.next(1)
        while server.statuses.count == before {
            try Task.checkCancellation()
            await Task.yield()
        }
        await reader.stop()
    }

    @Test("without a call it does not read")
    func noDemand() async throws {
        let reader = makeReader()
        server.send(Frames.begin(100), Frames.insert())
        _ = try await reader.next(1)
        let reads = server.reads
        server.send(Frames.insert(), Frames.insert())
        // A call that is cancelled before it waits asks for nothing.
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await reader.next(5)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.reads == reads)
        #expect(try await collect(2, from: reader).map(\.sequence) == [1, 2])
        reader.close()
    }

    @Test("cancellation ends a wait at once and loses nothing")
    func cancellation() async throws {
        let reader = makeReader()
        let waiting = Task { try await reader.next(5) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        server.send(Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110))
        #expect(try await collect(2, from: reader).map(\.sequence) == [0, 1])
        await reader.stop()
    }

    @Test("B16: without budget it does not read; woken, it does, and the account is right")
    func budget() async throws {
        let budget = SwitchedBudget(isOpen: false)
        let reader = makeReader(budget: budget)
        server.send(Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110))
        async let changes = collect(2, from: reader)
        await budget.waitForRefusal()
        #expect(server.reads == 0)
        budget.open()
        reader.wake()
        let costs = try await changes.reduce(0) { $0 + Int($1.cost) }
        #expect(costs > 1280)
        await reader.stop()
        #expect(budget.balance == costs)
    }

    @Test("C27: a lost session is started again and nothing is repeated")
    func reconnect() async throws {
        let reader = makeReader()
        let frames = [
            Frames.begin(100), Frames.relation(), Frames.insert(), Frames.insert(), Frames.commit(100, end: 110),
        ]
        server.send(frames[0], frames[1], frames[2])
        #expect(try await reader.next(1)?.map(\.sequence) == [0])
        server.refuseStart(ReplicationError(.slotInUse, "The old session still lives."))
        server.breakSession(ReplicationError(.connectionLost, "The test broke it."))
        async let rest = collect(2, from: reader)
        while server.starts.count < 3 { await Task.yield() }
        for frame in frames { server.send(frame) }
        let changes = try await rest
        #expect(changes.map(\.sequence) == [1, 2])
        #expect(changes.map(\.index) == [1, Cursor.commitIndex])
        #expect(progress.acknowledge(through: 2) == LSN(rawValue: 110))
        #expect(reader.snapshot.sessions == 2)
        await reader.stop()
    }

    @Test("what no attempt cures is thrown, at the start and later")
    func failure() async throws {
        server.refuseStart(ReplicationError(.unreachable, "Nobody there."))
        let unstarted = makeReader()
        let first = await #expect(throws: ReplicationError.self) { try await unstarted.next(1) }
        #expect(first?.code == .unreachable)
        await unstarted.stop()

        let reader = makeReader()
        server.send(Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110), Frames.insert())
        #expect(try await collect(2, from: reader).count == 2)
        for _ in 0..<2 {
            let error = await #expect(throws: ReplicationError.self) { try await reader.next(1) }
            #expect(error?.code == .protocolViolation)
        }
        await reader.stop()
    }

    @Test("reaches the end that was asked for, asking for keepalives, and then sends a last status")
    func until() async throws {
        let reader = makeReader { $0.until = LSN(rawValue: 150) }
        server.send(Frames.begin(100), Frames.insert(), Frames.commit(100, end: 110))
        #expect(try await collect(2, from: reader).count == 2)
        async let end = reader.next(10)
        while !server.statuses.contains(where: \.wantsReply) { await Task.yield() }
        server.send(Frames.keepalive(150), Frames.begin(200), Frames.insert())
        #expect(try await end == nil)
        progress.madeDurable(progress.acknowledge(through: 1))
        await reader.stop()
        #expect(server.statuses.last == .init(flush: 150, wantsReply: false))
        #expect(server.finishes == 1)
    }

    @Test("after a huge row a new session gives libpq's buffer back, between two transactions")
    func hugeRow() async throws {
        let reader = makeReader()
        let huge = String(repeating: "x", count: 17 << 20)
        server.send(Frames.begin(100), Frames.insert(huge), Frames.insert())
        #expect(try await collect(2, from: reader).count == 2)
        #expect(server.starts.count == 1)
        server.send(Frames.commit(100, end: 110))
        #expect(try await collect(1, from: reader).count == 1)
        while server.starts.count < 2 { await Task.yield() }
        server.send(Frames.begin(200), Frames.insert())
        #expect(try await collect(1, from: reader).map(\.sequence) == [3])
        await reader.stop()
    }

    @Test("a long pause closes the session, and demand starts another")
    func longPause() async throws {
        let reader = makeReader { $0.maxPause = .milliseconds(1) }
        server.send(Frames.begin(100), Frames.insert())
        #expect(try await reader.next(1)?.count == 1)
        while reader.snapshot.state != .pausedClosed { await Task.yield() }
        async let rest = collect(1, from: reader)
        while server.starts.count < 2 { await Task.yield() }
        server.send(Frames.begin(100), Frames.insert(), Frames.insert())
        #expect(try await rest.map(\.cursor.index) == [1])
        await reader.stop()
    }
}
