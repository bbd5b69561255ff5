import SluicePostgres
import SluiceSinks
import SluiceSinksTesting
import SluiceTesting
import Synchronization
import Testing

@testable import SluicePostgresSink

private let source = SourceIdentity(systemIdentifier: "7300000000000000001", timeline: 1, slot: "check")

/// Against a server.
@Suite(.timeLimit(.minutes(5))) struct PostgresSinkTests {
    @Test func keepsTheRulesOfSinks() async throws {
        let database = try await TestDatabase("conformance")
        try await checkSink {
            try database.sink()
        } rows: {
            let exists =
                try await database.query("select to_regclass('conformance')").first?.first.flatMap(\.self) != nil
            guard exists else { return [] }
            return try await database.query("select id, note from conformance order by id").compactMap { row in
                guard let id = row[0].flatMap({ Int($0) }), let note = row[1] else { return nil }
                return SampleRow(id: id, note: note)
            }
        }
    }

    @Test func fencesASinkWhosePositionWasMoved() async throws {
        let database = try await TestDatabase("fenced")
        let sink = try database.sink()
        var stream = SampleStream()
        #expect(try await sink.open(for: source, remembered: nil).position.cursor == nil)
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 1, note: "a"))]))
        try await database.query("update sluice.cursors set commit_idx = 5")
        let next = stream.transaction([.insert(SampleRow(id: 2, note: "b"))])
        let error = await #expect(throws: SinkError.self) { try await sink.deliver(next) }
        #expect(
            error?.code == .takenOver && error?.message.contains("0/1000:5") == true,
            "\(String(describing: error))"
        )
        #expect(try await database.query("select id from conformance") == [["1"]])
        await sink.close()
    }

    @Test func aRowThatCannotBeReadIsADeadLetterInTheSameTransaction() async throws {
        let database = try await TestDatabase("undecodable")
        let sink = try database.sink()
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        let changes = stream.transaction([.insert(SampleRow(id: 1, note: "a")), .undecodable, .delete(id: 1)])
        _ = try await sink.deliver(changes)
        let letters = try await database.query(
            "select cursor, commit_lsn, commit_idx, sub, message::jsonb->>'action' from sluice.dead_letters"
        )
        #expect(letters == [["sluice", "0/1000", "1", "0", "undecodable"]])
        #expect(try await database.query("select id from conformance") == [])
        await sink.close()
    }

    @Test func aRefusedBatchLeavesNothing() async throws {
        let database = try await TestDatabase("refused")
        try await database.query("create table conformance (id int primary key, note varchar(3))")
        let sink = try database.sink()
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        let rows = ["abc", "much too long"].enumerated().map { SampleRow(id: $0, note: $1) }
        let changes = stream.transaction(rows.map { .insert($0) })
        let error = await #expect(throws: SinkError.self) { try await sink.deliver(changes) }
        #expect(error?.code == .refused && error?.message.contains("0/1000:1") == true, "\(String(describing: error))")
        #expect(error?.message.contains("much too long") == false)
        #expect(try await database.query("select count(*) from conformance") == [["0"]])
        #expect(try await database.query("select commit_lsn from sluice.cursors") == [[nil]])
        await sink.close()
    }

    @Test func whatTheDatabaseRefusesIsPutAsideIfThatIsWantedAndTheRestIsStored() async throws {
        let database = try await TestDatabase("buried")
        try await database.query("create table conformance (id int primary key, note varchar(3), check (id <> 7))")
        let told = Mutex<[String]>([])
        let sink = try database.sink("?dead_letters=on") { text in told.withLock { $0.append(text) } }
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        let rows = (0..<30).map { SampleRow(id: $0, note: $0 % 10 == 4 ? "much too long" : "abc") }
        let changes = stream.transaction(rows.map { .insert($0) } + [.undecodable, .delete(id: 3)])
        #expect(try await sink.deliver(changes).cursor == changes.last?.lastCursor)
        // The row comes into the table when it fits again, and a batch without refusals goes the quick way.
        let later = stream.transaction([.update(SampleRow(id: 4, note: "new")), .update(SampleRow(id: 5, note: "xyz"))])
        #expect(try await sink.deliver(later).cursor == later.last?.lastCursor)
        await sink.close()
        let stored = try await database.query("select id, note from conformance order by id")
        let expected = rows.filter { ![3, 7, 14, 24].contains($0.id) }.map { row in
            [String(row.id), row.id == 4 ? "new" : row.id == 5 ? "xyz" : row.note]
        }
        #expect(stored == expected)
        let letters = try await database.query(
            """
            select commit_idx, reason, coalesce(message::jsonb->'record'->>'id', message::jsonb->>'action')
            from sluice.dead_letters order by commit_idx
            """
        )
        #expect(letters.map { $0[2] } == ["4", "7", "14", "24", "undecodable"])
        #expect(letters.map { $0[0] } == ["4", "7", "14", "24", "30"])
        #expect(letters[0][1]?.contains("(SQLSTATE 22001)") == true && letters[1][1]?.contains("23514") == true)
        #expect(letters.allSatisfy { $0[1]?.contains("much") == false })
        // Once for each reason.
        #expect(told.withLock { $0.count { $0.contains("sluice.dead_letters") } } == 2)
    }

    @Test func aTableThatIsMadeForARefusedRowIsMadeAgainForTheNext() async throws {
        let database = try await TestDatabase("buried_first")
        try await database.query(
            """
            create function refuse() returns event_trigger language plpgsql as $$ begin
                if not exists (select from pg_constraint where conname = 'small') then
                    alter table conformance add constraint small check (id > 1);
                end if;
            end $$;
            create event trigger made on ddl_command_end when tag in ('CREATE TABLE') execute function refuse()
            """
        )
        // The sink's own tables are made before there is one to add to.
        try await database.query("alter event trigger made disable")
        let sink = try database.sink("?dead_letters=on")
        _ = try await sink.open(for: source, remembered: nil)
        try await database.query("alter event trigger made enable")
        var stream = SampleStream()
        let changes = stream.transaction((1...3).map { .insert(SampleRow(id: $0, note: "a")) })
        _ = try await sink.deliver(changes)
        await sink.close()
        #expect(try await database.query("select id from conformance order by id") == [["2"], ["3"]])
        #expect(try await database.query("select count(*) from sluice.dead_letters") == [["1"]])
    }

    @Test func aConnectionThatIsLostIsMadeAnewAndWhatWasCommittedIsNotRepeated() async throws {
        let database = try await TestDatabase("lost")
        let told = Mutex<[String]>([])
        let sink = try database.sink { text in told.withLock { $0.append(text) } }
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 1, note: "a"))]))
        try await database.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sluice sink' and datname = 'lost'"
        )
        let changes = stream.transaction([.insert(SampleRow(id: 2, note: "b"))])
        #expect(try await sink.deliver(changes).cursor == changes.last?.lastCursor)
        #expect(try await database.query("select id from conformance order by id") == [["1"], ["2"]])
        #expect(told.withLock(\.count) == 2)
        await sink.close()
    }

    @Test func aLinkThatBreaksAgainAndAgainRepeatsAndLosesNothing() async throws {
        let database = try await TestDatabase("links")
        try await database.query(
            """
            create table conformance (id int primary key, note text);
            create table seen (id int);
            create function see() returns trigger language plpgsql as $$ begin
                insert into seen values (new.id);
                return null;
            end $$;
            create trigger see after insert or update on conformance for each row execute function see()
            """
        )
        let proxy = try FaultProxy(to: database.server.port)
        let reconnects = Mutex(0)
        let url = "postgres://postgres@127.0.0.1:\(proxy.port)/links"
        let sink = try PostgresSinkURL(url).makeSink { text in
            if text.contains("again: going on") { reconnects.withLock { $0 += 1 } }
        }
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        proxy.change { $0.lifetime = .milliseconds(150) }
        var count = 0
        while reconnects.withLock({ $0 }) < 12 {
            let rows = (count..<count + 100).map { SampleRow(id: $0, note: "x") }
            count += 100
            _ = try await sink.deliver(stream.transaction(rows.map { .insert($0) }))
        }
        await sink.close()
        let found = try await database.query("select count(*), count(distinct id), max(id) from seen")
        #expect(found == [["\(count)", "\(count)", "\(count - 1)"]])
    }

    @Test func aLinkThatSwallowsEverythingIsLeftForAnotherAndALockIsWaitedFor() async throws {
        let database = try await TestDatabase("swallowed")
        let proxy = try FaultProxy(to: database.server.port)
        var settings = try PostgresSinkURL("postgres://postgres@127.0.0.1:\(proxy.port)/swallowed?connect_timeout=2")
            .settings
        settings.patience = .seconds(1)
        let told = Mutex<[String]>([])
        let sink = PostgresSink(settings) { text in
            told.withLock { $0.append(text) }
            proxy.change { $0.isHalfOpen = false }
        }
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 1, note: "a"))]))
        // Longer than its patience, and nothing is wrong with the link.
        let lock = Task {
            try await database.query("begin; lock table conformance; select pg_sleep(3); commit")
        }
        while try await database.query("select from pg_locks where mode = 'AccessExclusiveLock' and granted").isEmpty {
            await Task.yield()
        }
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 2, note: "b"))]))
        _ = try await lock.value
        #expect(told.withLock { $0 } == [])
        proxy.change { $0.isHalfOpen = true }
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 3, note: "c"))]))
        let said = told.withLock { $0 }
        #expect(said.count == 2 && said.first?.contains("has not answered") == true)
        #expect(try await database.query("select id from conformance order by id") == [["1"], ["2"], ["3"]])
        await sink.close()
    }

    @Test func closingEndsAWaitForALock() async throws {
        let database = try await TestDatabase("locked")
        let sink = try database.sink()
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        _ = try await sink.deliver(stream.transaction([.insert(SampleRow(id: 1, note: "a"))]))
        let thread = BlockingThread()
        let isLocked = Mutex(false)
        let url = database.url
        let release = WakeUp()
        async let locking: Void = thread.run {
            let connection = try Connection(ConnectionTarget(url))
            try connection.query("begin; lock table conformance")
            isLocked.withLock { $0 = true }
            release.wait(milliseconds: nil)
        }
        while !isLocked.withLock({ $0 }) { await Task.yield() }
        let changes = stream.transaction([.insert(SampleRow(id: 2, note: "b"))])
        let delivery = Task { try await sink.deliver(changes) }
        while try await database.query("select from pg_locks where not granted").isEmpty { await Task.yield() }
        await sink.close()
        await #expect(throws: SinkError.self) { try await delivery.value }
        release.signal()
        try await locking
        #expect(try await database.query("select count(*) from conformance") == [["1"]])
    }

    @Test func aBatchOfOneKeyTakesFewerRoundTripsThanItHasMessages() async throws {
        let database = try await TestDatabase("hot")
        try await BlockingThread().run {
            let settings = try PostgresSinkURL(database.url).settings
            let (writer, _) = try PostgresWriter.open(settings, for: source, closing: Closing(), report: { _ in })
            var stream = SampleStream()
            _ = try writer.deliver(stream.transaction([.insert(SampleRow(id: 1, note: "0"))]))
            let before = writer.roundTrips
            _ = try writer.deliver(stream.transaction((1...5000).map { .update(SampleRow(id: 1, note: "\($0)")) }))
            // One for each 1024 statements, and one for the commit.
            #expect(writer.roundTrips - before == 6)
        }
        #expect(try await database.query("select id, note from conformance") == [["1", "5000"]])
    }

    @Test func valuesOutOfLineAndKeysThatChange() async throws {
        let database = try await TestDatabase("moves")
        let sink = try database.sink()
        var stream = SampleStream()
        _ = try await sink.open(for: source, remembered: nil)
        _ = try await sink.deliver(
            stream.transaction([
                .insert(SampleRow(id: 1, note: "a")), .touch(id: 1), .touch(id: 7),
                .insert(SampleRow(id: 2, note: "b")),
                .move(from: 2, to: SampleRow(id: 3, note: "c")), .insert(SampleRow(id: 4, note: "d")), .delete(id: 4),
            ])
        )
        #expect(try await database.query("select id, note from conformance order by id") == [["1", "a"], ["3", "c"]])
        _ = try await sink.deliver(stream.transaction([.truncate, .insert(SampleRow(id: 5, note: "e"))]))
        #expect(try await database.query("select id, note from conformance") == [["5", "e"]])
        await sink.close()
    }
}
