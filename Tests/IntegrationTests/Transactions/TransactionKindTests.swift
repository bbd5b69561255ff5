import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Kinds of transactions")
    struct TransactionKindTests {
        @Test(
            "D34: a large one without streaming: memory is bounded, statuses go on, and a restart goes on in its middle"
        )
        func withoutStreaming() async throws {
            try await Bench.run("large_unstreamed") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                try bench.run("insert into items select id, 1, repeat('x', 500) from generate_series(1, 150000) id")
                let process = try bench.stream(bench.file, "--streaming", "off", "--memory", "4MB", "--rate", "5000")
                try bench.wait("a part of it") { bench.folder.size("out.ndjson") > 5_000_000 }
                let query =
                    "select reply_time from pg_stat_replication where pid = (select active_pid from"
                    + " pg_replication_slots where \(bench.slotIs))"
                let before = try bench.value(query) ?? ""
                try bench.wait("another status", until: "(\(query)) > '\(before)'")
                try process.waitForProgress("bounded memory") { line in
                    line["bytesInFlight"] as? Int ?? .max <= 4 << 20 && line["rssBytes"] as? Int ?? .max < 100 << 20
                }
                try process.killHard()
                #expect(bench.lines() < 150_000, "the kill came too late to be in the middle")
                try bench.waitForNoReader()
                try bench.streamUntilNow(bench.file, "--streaming", "off")
                try bench.expectStreamed(0)
                try bench.expectIntact()
            }
        }

        @Test("D39: empty ones, and others on tables that are not published, move the slot", arguments: ["on", "off"])
        func unpublished(streaming: String) async throws {
            try await Bench.run("unpublished_\(streaming)") { bench in
                try bench.run(Load.table, "create table other (id int)")
                try bench.streamEarly()
                try bench.createSlot(tables: "table items")
                let process = try bench.stream(bench.file, "--streaming", streaming)
                try bench.run(Bench.insert(1, 1))
                try bench.wait("the first row") { bench.lines() == 1 }
                try bench.run(
                    "insert into other select id from generate_series(1, 20000) id",
                    "begin; insert into other select id from generate_series(1, 20000) id; rollback",
                    "do $$ begin for i in 1..10000 loop insert into other values (i); commit; end loop; end $$",
                    "do $$ begin for i in 1..10000 loop perform pg_current_xact_id(); commit; end loop; end $$"
                )
                let end = try #require(try bench.value("select pg_current_wal_insert_lsn()"))
                try bench.wait(
                    "the slot at the end",
                    until: "(select confirmed_flush_lsn from pg_replication_slots where \(bench.slotIs)) >= '\(end)'"
                )
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                #expect(bench.lines() == 1 && bench.spooledFiles() == [])
                try bench.expectStreamed(streaming == "on" ? 2 : 0)
            }
        }

        @Test(
            "D40: prepared ones come once, after their commit, and never if they are rolled back",
            arguments: ["on", "off"]
        )
        func prepared(streaming: String) async throws {
            try await Bench.run("prepared_\(streaming)", settings: ["max_prepared_transactions": "5"]) { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                let process = try bench.stream(bench.file, "--streaming", streaming)
                try bench.waitForReader()
                for (number, end) in ["rollback", "commit"].enumerated() {
                    for (name, count) in [("small", 10), ("large", 10_000)] {
                        try bench.run("begin; \(Bench.insert(count + number, count)); prepare transaction '\(name)'")
                    }
                    try bench.run(Bench.insert(1_000_000 + number, 1))
                    try bench.wait("what is committed") { bench.lines() == 1 + number }
                    if streaming == "on" { try bench.waitForSpooled(1) }
                    try bench.run("\(end) prepared 'large'", "\(end) prepared 'small'")
                }
                try bench.wait("all of it") { bench.lines() == 10_012 }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try bench.expectIntact()
            }
        }

        @Test("D40: a slot that sends transactions when they are prepared is refused")
        func twoPhaseSlot() async throws {
            try await Bench.run("two_phase_slot") { bench in
                try bench.run(
                    "create publication sluice for all tables",
                    "select pg_create_logical_replication_slot('\(bench.slot)', 'pgoutput', false, true)"
                )
                let process = try SluiceProcess(bench.arguments(bench.file))
                #expect(try process.waitForExit() == .status(1))
                #expect(try process.notices().contains("without two_phase"))
            }
        }

        @Test("D41: an old one that stays open elsewhere holds back the server's log, and nothing else")
        func idleElsewhere() async throws {
            try await Bench.run("idle_elsewhere") { bench in
                try bench.run(Load.table, "create table other (id int)")
                try bench.streamEarly()
                try bench.createSlot()
                let idle = try bench.connect()
                try idle.query("begin; insert into other values (1)")
                let process = try bench.stream(bench.file)
                for part in 0..<3 {
                    try bench.run(Bench.insert(1 + part * 10_000, 10_000), "checkpoint")
                    try bench.wait("part \(part)") { bench.lines() == (part + 1) * 10_000 }
                }
                let end = try #require(try bench.value("select pg_current_wal_insert_lsn()"))
                try bench.wait(
                    "the slot at the end",
                    until: """
                        (select confirmed_flush_lsn >= '\(end)' and restart_lsn < confirmed_flush_lsn - 1000000
                        from pg_replication_slots where \(bench.slotIs))
                        """
                )
                try idle.query("commit")
                try bench.wait("the old one") { bench.lines() == 30_001 }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
            }
        }

        @Test(
            "D42: logical messages are not asked for: rows and their indices are the same with them",
            arguments: [10, 5000]
        )
        func logicalMessages(rows: Int) async throws {
            try await Bench.run("logical_messages_\(rows)") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                let process = try bench.stream(bench.file)
                try bench.waitForReader()
                let messages =
                    "perform pg_logical_emit_message(true, 'app', 'in'), pg_logical_emit_message(false, 'app', 'out')"
                for end in ["rollback", "commit"] {
                    try bench.run(
                        """
                        do $$ begin
                            for i in 1..\(rows) loop \(messages); insert into items values (i, 1); end loop; \(end);
                        end $$
                        """
                    )
                }
                try bench.wait("the rows") { bench.lines() == rows }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                #expect(try bench.streamedTransactions() > 0 || rows == 10)
                try bench.expectIntact()
                let last = try bench.value("select max((line->'metadata'->>'commit_idx')::int) from oracle.delivered")
                #expect(last == "\(rows - 1)")
            }
        }

        @Test("D43: rows that came from another server are delivered like others", arguments: ["on", "off"])
        func origin(streaming: String) async throws {
            try await Bench.run("origin_\(streaming)") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                let process = try bench.stream(bench.file, "--streaming", streaming)
                try bench.waitForReader()
                let replayed = try bench.connect()
                try replayed.query("select pg_replication_origin_create('elsewhere_\(streaming)')")
                try replayed.query("select pg_replication_origin_session_setup('elsewhere_\(streaming)')")
                try replayed.query(
                    "begin; select pg_replication_origin_xact_setup('0/1000', now()); \(Bench.insert(1, 1)); commit"
                )
                try replayed.query("begin; \(Bench.insert(2, 5000))")
                try replayed.query("select pg_replication_origin_xact_setup('0/2000', now())")
                try replayed.query("savepoint a; \(Bench.insert(10_000, 5000)); commit")
                try bench.run(Bench.insert(20_000, 1))
                try bench.wait("all of it") { bench.lines() == 10_002 }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try bench.expectStreamed(streaming == "on" ? 1 : 0)
                try bench.expectIntact()
            }
        }
    }
}
