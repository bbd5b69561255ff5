import Testing

@testable import SluicePostgres

@Suite("The reader, with a real server", .timeLimit(.minutes(5)))
struct LiveReaderTests {
    /// A database with a table, a publication and a slot, all named alike.
    private func prepare(_ name: String) async throws -> ConnectionTarget {
        try await TestServer.database(
            name,
            running: "create table t(id int primary key, pad text)",
            "create publication \(name) for table t",
            "select pg_create_logical_replication_slot('\(name)', 'pgoutput')"
        )
    }

    private func makeReader(
        _ target: ConnectionTarget,
        _ name: String,
        progress: SlotProgress = SlotProgress(startingAt: .zero),
        until: LSN? = nil
    ) -> SlotReader {
        var configuration = SlotReader.Configuration()
        configuration.walSenderTimeout = 1000
        configuration.until = until
        let reader = SlotReader(configuration: configuration, progress: progress) {
            LibPQTransport(target, slot: name, publications: [name])
        }
        reader.start()
        return reader
    }

    /// The number in an Insert's first column: after type, oid, 'N', column count, 't' and length.
    private func identifier(_ change: RawChange) -> Int? {
        guard change.index != Cursor.commitIndex else { return nil }
        let bytes = change.batch.bytes[Int(change.offset)..<Int(change.offset + change.length)].dropFirst(9)
        let length = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        return Int(String(decoding: bytes.dropFirst(4).prefix(length), as: UTF8.self))
    }

    /// Reads until so many rows have come.
    private func rows(_ count: Int, _ reader: SlotReader) async throws -> [RawChange] {
        var changes: [RawChange] = []
        var found = 0
        while found < count, let more = try await reader.next(1000) {
            found += more.count { $0.index != Cursor.commitIndex }
            changes += more
        }
        return changes
    }

    private func walsender(_ target: ConnectionTarget, _ slot: String) async throws -> Int? {
        let sql = "select active_pid from pg_replication_slots where slot_name = '\(slot)'"
        return try await TestServer.query(target, sql).first?.first?.flatMap { Int($0) }
    }

    @Test("100,000 rows arrive in order with dense numbers, and what is durable moves the slot")
    func order() async throws {
        let target = try await prepare("live_order")
        try await TestServer.query(target, "insert into t select i from generate_series(1, 90000) i")
        try await TestServer.query(
            target,
            "do $$ begin for i in 90001..100000 loop insert into t values (i); commit; end loop; end $$"
        )
        let progress = SlotProgress(startingAt: .zero)
        let reader = makeReader(target, "live_order", progress: progress)
        var changes = try await rows(100_000, reader)
        while changes.last?.index != Cursor.commitIndex { changes += try await reader.next(1) ?? [] }
        #expect(changes.compactMap(identifier) == Array(1...100_000))
        #expect(changes.map(\.sequence) == Array(0..<UInt64(changes.count)))
        #expect(zip(changes, changes.dropFirst()).allSatisfy { $0.cursor < $1.cursor })
        let last = try #require(changes.last)
        let end = progress.acknowledge(through: last.sequence)
        #expect(end > last.cursor.commitLSN)
        progress.madeDurable(end)
        await reader.stop()
        let sql = "select confirmed_flush_lsn, active from pg_replication_slots where slot_name = 'live_order'"
        #expect(try await TestServer.query(target, sql) == [[end.description, "f"]])
    }

    @Test("no demand for three times wal_sender_timeout keeps the session and reads nothing")
    func noDemand() async throws {
        let target = try await prepare("live_pause")
        try await TestServer.query(
            target,
            "insert into t select i, repeat('x', 200) from generate_series(1, 60000) i"
        )
        let reader = makeReader(target, "live_pause")
        let first = try await reader.next(10) ?? []
        let process = try await walsender(target, "live_pause")
        let reads = reader.snapshot.reads
        try await TestServer.query(target, "select pg_sleep(3.3)")
        #expect(try await walsender(target, "live_pause") == process && process != nil)
        #expect(reader.snapshot.reads == reads && reader.snapshot.state == .pausedNoDemand)
        let rest = try await rows(60_000 - first.count, reader)
        #expect((first + rest).compactMap(identifier) == Array(1...60_000))
        #expect(reader.snapshot.sessions == 1)
        await reader.stop()
    }

    @Test("until now delivers what is committed by then, and ends")
    func untilNow() async throws {
        let target = try await prepare("live_until")
        try await TestServer.query(target, "insert into t select i from generate_series(1, 1000) i")
        let thread = BlockingThread()
        defer { thread.close() }
        let position = try await thread.run { try Connection(target).untilNow() }
        try await TestServer.query(target, "insert into t values (5000)")
        let reader = makeReader(target, "live_until", until: position)
        let changes = try await rows(.max, reader)
        #expect(changes.compactMap(identifier) == Array(1...1000))
        await reader.stop()
    }

    @Test("a wait that nothing would end ends when it is cancelled, and the reader when it is stopped")
    func cancellation() async throws {
        let target = try await prepare("live_cancel")
        let reader = makeReader(target, "live_cancel")
        let waiting = Task { try await reader.next(10) }
        while reader.snapshot.state != .reading { await Task.yield() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        await reader.stop()
        #expect(try await reader.next(1) == nil)
        #expect(try await walsender(target, "live_cancel") == nil)
    }

    @Test("a session that is ended in the middle of a transaction goes on without a gap or a repetition")
    func reconnect() async throws {
        let target = try await prepare("live_reconnect")
        try await TestServer.query(target, "insert into t select i from generate_series(1, 50000) i")
        let reader = makeReader(target, "live_reconnect")
        var changes = try await rows(1000, reader)
        let process = try #require(try await walsender(target, "live_reconnect"))
        try await TestServer.query(target, "select pg_terminate_backend(\(process))")
        changes += try await rows(50_000 - changes.count, reader)
        #expect(changes.compactMap(identifier) == Array(1...50_000))
        #expect(changes.map(\.sequence) == Array(0..<UInt64(changes.count)))
        await reader.stop()
        #expect(reader.snapshot.sessions >= 1)
    }

    @Test("a publication that the slot cannot see is explained")
    func youngPublication() async throws {
        let target = try await TestServer.database(
            "live_young",
            running: "create table t(id int primary key)",
            "select pg_create_logical_replication_slot('live_young', 'pgoutput')",
            "insert into t values (1)",
            "create publication live_young for table t"
        )
        let reader = makeReader(target, "live_young")
        let error = await #expect(throws: ReplicationError.self) { try await reader.next(1) }
        #expect(error?.code == .missing && error?.sqlState == "42704")
        #expect(error?.message.contains("create the publication first") == true)
        await reader.stop()
    }

    @Test("a slot that somebody else has moved, and one that is gone, are errors")
    func movedSlot() async throws {
        let target = try await prepare("live_moved")
        let sql = "select confirmed_flush_lsn from pg_replication_slots where slot_name = 'live_moved'"
        let before = try #require(try await TestServer.query(target, sql).first?.first?.flatMap { LSN($0) })
        try await TestServer.query(target, "insert into t values (1)")
        try await TestServer.query(
            target,
            "select pg_replication_slot_advance('live_moved', pg_current_wal_insert_lsn())"
        )
        let moved = makeReader(target, "live_moved", progress: SlotProgress(startingAt: before))
        let gap = await #expect(throws: ReplicationError.self) { try await moved.next(1) }
        #expect(gap?.code == .gap)
        await moved.stop()

        try await TestServer.query(target, "select pg_drop_replication_slot('live_moved')")
        let gone = makeReader(target, "live_moved")
        let missing = await #expect(throws: ReplicationError.self) { try await gone.next(1) }
        #expect(missing?.code == .missing)
        await gone.stop()
    }

    @Test("a server that is stopped is waited for, and a wait for it can be stopped")
    func serverStopped() async throws {
        let thread = BlockingThread()
        defer { thread.close() }
        let server = try await thread.run { try LocalServer() }
        let target = try ConnectionTarget(server.url())
        try await TestServer.query(target, "create table t(id int)")
        try await TestServer.query(target, "create publication p for table t")
        try await TestServer.query(target, "select pg_create_logical_replication_slot('p', 'pgoutput')")
        let reader = makeReader(target, "p")
        async let waiting = reader.next(1)
        while reader.snapshot.state != .reading { await Task.yield() }
        try await thread.run { server.stop() }
        while reader.snapshot.lastFailure == nil { await Task.yield() }
        await reader.stop()
        #expect(try await waiting == nil)
    }
}
