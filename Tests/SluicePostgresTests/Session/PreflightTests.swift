import Testing

@testable import SluicePostgres

@Suite("The preflight")
struct PreflightTests {
    private func check(_ target: ConnectionTarget, _ options: Preflight.Options) async throws -> Preflight.Report {
        let thread = BlockingThread()
        defer { thread.close() }
        return try await thread.run { try Preflight.run(on: Connection(target), options: options) }
    }

    private func failure(_ target: ConnectionTarget, _ options: Preflight.Options) async -> ReplicationError? {
        await #expect(throws: ReplicationError.self) { try await check(target, options) }
    }

    @Test("creates publication and slot, and describes the server")
    func creates() async throws {
        let target = try await TestServer.database("pre_create", running: "create table t(a int primary key)")
        let report = try await check(target, .init(slot: "pre_create", publications: ["p"], create: true))
        #expect(report.slot.wasCreated && report.slot.confirmedFlush > .zero)
        #expect(report.notices == ["Created publication \"p\"."])
        #expect(report.server.database == "pre_create" && !report.server.isStandby)
        #expect(report.server.walSenderTimeout == 1000 && report.server.timeline == 1)
        #expect(report.server.version >= 100_000 && report.server.systemIdentifier.count > 15)
        let again = try await check(target, .init(slot: "pre_create", publications: ["p"]))
        #expect(!again.slot.wasCreated && again.notices.isEmpty)
        #expect(again.slot.confirmedFlush == report.slot.confirmedFlush)
        try await TestServer.query(target, "select pg_drop_replication_slot('pre_create')")
    }

    @Test("creates a publication of the tables that are given, and warns of tables without identity")
    func tables() async throws {
        let target = try await TestServer.database(
            "pre_tables",
            running: "create schema \"Odd\"; create table \"Odd\".\"T\"(a int); create table t(a int primary key)"
        )
        let options = Preflight.Options(slot: "pre_tables", publications: ["p"], tables: ["Odd.T", "t"], create: true)
        let report = try await check(target, options)
        #expect(report.notices.count == 2)
        #expect(report.notices.last?.contains("Odd.T") == true)
        let tables = try await TestServer.query(target, "select tablename from pg_publication_tables order by 1")
        #expect(tables == [["T"], ["t"]])
        try await TestServer.query(target, "select pg_drop_replication_slot('pre_tables')")
        let missing = await failure(
            target,
            .init(slot: "pre_tables", publications: ["q"], tables: ["nothing"], create: true)
        )
        #expect(missing?.code == .missing)
    }

    @Test("what is missing is named, with the SQL that makes it")
    func missing() async throws {
        let target = try await TestServer.database("pre_missing")
        let publication = await failure(target, .init(slot: "pre_missing", publications: ["p"]))
        #expect(publication?.code == .missing)
        #expect(publication?.message.contains("CREATE PUBLICATION \"p\" FOR ALL TABLES") == true)
        try await TestServer.query(target, "create publication p for all tables")
        let slot = await failure(target, .init(slot: "pre_missing", publications: ["p"]))
        #expect(slot?.code == .missing)
        #expect(slot?.message.contains("pg_create_logical_replication_slot('pre_missing', 'pgoutput')") == true)
        let name = await failure(target, .init(slot: "No-Slot", publications: ["p"], create: true))
        #expect(name?.code == .badURL)
    }

    @Test("a publication that is younger than the slot is pointed out")
    func youngPublication() async throws {
        let target = try await TestServer.database(
            "pre_young",
            running: "select pg_create_logical_replication_slot('pre_young', 'pgoutput')"
        )
        let report = try await check(target, .init(slot: "pre_young", publications: ["p"], create: true))
        #expect(report.notices.contains { $0.contains("younger than slot \"pre_young\"") })
        try await TestServer.query(target, "select pg_drop_replication_slot('pre_young')")
    }

    @Test("a role without the right to replicate or to publish is told what it lacks")
    func rights() async throws {
        let target = try await TestServer.database("pre_rights", running: "create role pre_nobody login")
        let server = try await TestServer.shared()
        let nobody = try ConnectionTarget(server.url(database: "pre_rights", user: "pre_nobody"))
        let options = Preflight.Options(slot: "pre_rights", publications: ["p"], create: true)
        let error = await failure(nobody, options)
        #expect(error?.code == .noPermission)
        #expect(error?.message.contains("ALTER ROLE \"pre_nobody\" REPLICATION") == true)
        try await TestServer.query(target, "alter role pre_nobody replication")
        let second = await failure(nobody, options)
        #expect(second?.code == .noPermission && second?.sqlState == "42501")
        #expect(second?.message.contains("CREATE PUBLICATION \"p\" FOR ALL TABLES") == true)
    }

    @Test("a slot of another plugin or database, and one in use, are refused")
    func slots() async throws {
        let target = try await TestServer.database(
            "pre_slots",
            running: "create publication p for all tables",
            "select pg_create_logical_replication_slot('pre_other', 'test_decoding')",
            "select pg_create_logical_replication_slot('pre_mine', 'pgoutput')"
        )
        let plugin = await failure(target, .init(slot: "pre_other", publications: ["p"]))
        #expect(plugin?.code == .slotUnusable && plugin?.message.contains("test_decoding") == true)
        let other = try await TestServer.database("pre_slots2", running: "create publication p for all tables")
        let database = await failure(other, .init(slot: "pre_mine", publications: ["p"]))
        #expect(database?.code == .slotUnusable && database?.message.contains("\"pre_slots\"") == true)

        let thread = BlockingThread()
        defer { thread.close() }
        let (first, second) = try await thread.run {
            let transport = LibPQTransport(target, slot: "pre_mine", publications: ["p"])
            try transport.start(from: .zero, openTransactions: false)
            let pid = try #require(transport.serverPID)
            let error = #expect(throws: ReplicationError.self) {
                try Preflight.run(on: Connection(target), options: .init(slot: "pre_mine", publications: ["p"]))
            }
            #expect(error?.message.contains("\(pid)") == true)
            let rival = #expect(throws: ReplicationError.self) {
                try LibPQTransport(target, slot: "pre_mine", publications: ["p"]).start(
                    from: .zero,
                    openTransactions: false
                )
            }
            transport.finish(within: .seconds(2))
            return (error, rival)
        }
        #expect(first?.code == .slotInUse)
        #expect(second?.code == .slotInUse && second?.isRetriable == true)
        try await TestServer.query(target, "select pg_drop_replication_slot('pre_mine')")
        try await TestServer.query(target, "select pg_drop_replication_slot('pre_other')")
    }

    @Test("a server without room for a slot, and a slot whose log is gone, are explained")
    func fullAndLost() async throws {
        let thread = BlockingThread()
        defer { thread.close() }
        let server = try await thread.run {
            try LocalServer(.init(settings: ["max_replication_slots": "1", "max_slot_wal_keep_size": "1MB"]))
        }
        defer { server.stop() }
        let target = try ConnectionTarget(server.url())
        try await TestServer.query(target, "create publication p for all tables")
        try await TestServer.query(target, "select pg_create_logical_replication_slot('only', 'pgoutput')")
        let full = await failure(target, .init(slot: "second", publications: ["p"], create: true))
        #expect(full?.code == .serverSetup && full?.sqlState == "53400")
        #expect(full?.message.contains("(only)") == true)

        for number in 0..<4 {
            try await TestServer.query(target, "create table t\(number)(a int)")
            try await TestServer.query(target, "select pg_switch_wal()")
        }
        try await TestServer.query(target, "checkpoint")
        let lost = await failure(target, .init(slot: "only", publications: ["p"]))
        #expect(lost?.code == .slotUnusable && lost?.message.contains("max_slot_wal_keep_size") == true)
        let started = await #expect(throws: ReplicationError.self) {
            try await thread.run {
                try LibPQTransport(target, slot: "only", publications: ["p"]).start(
                    from: .zero,
                    openTransactions: false
                )
            }
        }
        #expect(started?.code == .slotUnusable && started?.isRetriable == false)
    }
}
