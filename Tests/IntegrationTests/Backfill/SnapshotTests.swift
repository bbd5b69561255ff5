import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    /// Copies from the snapshot of a slot that the command makes.
    @Suite("Backfill from the slot's snapshot")
    struct SnapshotTests {
        @Test("I82: every row once, as it was when the slot was made, and before every change")
        func whole() async throws {
            try await Bench.run("snapshot_whole") { bench in
                try prepare(bench)
                try bench.insert(100_001...160_000)
                let load = try Load(bench, pause: 0.3)
                try bench.streamUntilNow(bench.file, "--create", "--backfill", "all")
                try load.stop()
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectCopied()
                try bench.expectNoneStale()
                try #expect(bench.twiceRead() == "0")
                try #expect(bench.delivered("read") >= 60_000)
                let early = "n < (select max(n) from oracle.delivered where line->>'action' = 'read')"
                try #expect(
                    bench.value("select count(*) from oracle.delivered where line->>'action' <> 'read' and \(early)")
                        == "0"
                )
                #expect(try bench.steer("status").contains("public.items  done"))
            }
        }

        @Test("I84, I87: composite keys, row filters, partitions, wide rows, an empty table, and one without a key")
        func shapes() async throws {
            try await Bench.run("snapshot_shapes") { bench in
                try bench.run(
                    "create table pairs (a text, b int, version int, primary key (b, a))",
                    "insert into pairs select md5(id::text), id % 100, id from generate_series(1, 20000) id",
                    "create table parts (id int primary key, version int) partition by range (id)",
                    "create table parts_low partition of parts for values from (0) to (5000)",
                    "create table parts_high partition of parts for values from (5000) to (100000)",
                    "insert into parts select id, 1 from generate_series(1, 10000) id",
                    "create table wide (id int primary key, pad text)",
                    "insert into wide select id, repeat(md5(id::text), 10000) from generate_series(1, 40) id",
                    "create table nothing (id int primary key)",
                    "create table keyless (id int)",
                    "insert into keyless values (1)",
                    "create publication sluice for table pairs where (b < 50), parts, wide, nothing, keyless"
                        + " with (publish_via_partition_root = true)"
                )
                let process = try bench.streamUntilNow(
                    bench.file,
                    "--create",
                    "--backfill",
                    "all",
                    "--memory",
                    "8MB",
                    "--backfill-connections",
                    "3"
                )
                try bench.loadFile()
                try bench.expectAscending()
                let counts = try bench.value(
                    """
                    select string_agg(name || ' ' || rows || ' ' || keys, ', ' order by name) from (
                        select line->'metadata'->>'table_name' name, count(*) rows,
                            count(distinct line->'metadata'->>'record_pks') keys
                        from oracle.delivered where line->>'action' = 'read' group by 1
                    ) r
                    """
                )
                #expect(counts == "pairs 10000 10000, parts 10000 10000, wide 40 40")
                let same = "line->'record'->>'pad' = repeat(md5(line->'record'->>'id'), 10000)"
                try #expect(bench.value("select count(*) from oracle.delivered where \(same)") == "40")
                let status = try bench.steer("status")
                #expect(status.contains("public.nothing  done"), "\(status)")
                #expect(try process.notices().contains("Table public.keyless has no primary key"))
            }
        }

        @Test("I82: behind a log: each sink has every row, also if it ends and goes on in between")
        func behindLog() async throws {
            try await Bench.run("snapshot_log") { bench in
                try prepare(bench)
                try bench.insert(100_001...120_000)
                let second = "file:\(bench.folder.path("second.ndjson"))"
                let process = try bench.stream(bench.file, second, "--create", "--backfill", "all", "--rate", "10000")
                try bench.wait("several pages") { bench.lines() > 5000 }
                try process.killHard()
                try bench.waitForNoReader()
                try bench.insert(1...100)
                try bench.streamUntilNow(bench.file, second)
                for file in ["out.ndjson", "second.ndjson"] {
                    try bench.loadDelivered(bench.folder.path(file))
                    try bench.expectCopied()
                    try #expect(bench.delivered("read") >= 20_000)
                }
            }
        }

        @Test("I83: kill -9 within the copy: the next run goes on beside the changes")
        func killed() async throws {
            try await Bench.run("snapshot_killed") { bench in
                try prepare(bench)
                try bench.insert(100_001...140_000)
                let load = try Load(bench, pause: 0.3)
                let process = try bench.stream(bench.file, "--create", "--backfill", "all", "--rate", "15000")
                // Long enough that the state file has heard of some pages.
                try bench.wait("a good part") { bench.lines() > 25_000 }
                try process.killHard()
                #expect(try process.notices().contains("Copying from the snapshot"))
                try bench.waitForNoReader()
                try load.stop()
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectCopied()
                try bench.expectNoneStale()
                try #expect(bench.delivered("read") >= 40_000)
            }
        }

        @Test("I90: a reader is lost: what is left is copied beside the changes, and that is said")
        func readerLost() async throws {
            try await Bench.run("snapshot_reader_lost") { bench in
                try prepare(bench)
                try bench.insert(100_001...140_000)
                let process = try bench.stream(bench.file, "--create", "--backfill", "all", "--rate", "10000")
                try bench.wait("several pages") { bench.lines() > 4000 }
                // Again and again: one that is just in a query is not found, and one that has no more to read is not missed.
                try bench.wait("what is said of a lost reader") {
                    try bench.run(
                        """
                        select pg_terminate_backend(pid, 5000) from pg_stat_activity
                        where datname = current_database() and state = 'idle in transaction' and query like '%savepoint page%'
                        """
                    )
                    process.pump(milliseconds: 0)
                    return try process.notices().contains("What is left is copied in pages beside the changes")
                }
                try bench.run("insert into items values (1, 1)")
                try process.waitForProgress("the end of the copy") { line in
                    let copy = line["backfill"] as? [String: Any]
                    return copy?["table"] == nil && copy?["done"] as? Int == 1
                }
                try end(process, bench)
                try bench.expectCopied()
                try #expect(bench.delivered("read") == 40_000)
                try #expect(bench.twiceRead() == "0")
            }
        }

        @Test("I84: held and cancelled while it is copied from the snapshot; then the changes come")
        func cancelled() async throws {
            try await Bench.run("snapshot_cancelled") { bench in
                try prepare(bench)
                try bench.insert(100_001...160_000)
                let process = try bench.stream(bench.file, "--create", "--backfill", "all", "--rate", "20000")
                try bench.wait("several pages") { bench.lines() > 8000 }
                try bench.run("insert into items values (1, 1)")
                #expect(try bench.steer("cancel").contains("public.items  cancelled"))
                try process.waitForProgress("the end of the copy") { line in
                    (line["backfill"] as? [String: Any])?["table"] == nil
                }
                try end(process, bench)
                try bench.expectAscending()
                let read = try bench.delivered("read")
                #expect(read > 8000 && read < 60_000, "\(read)")
                try #expect(bench.delivered("insert") == 1)
            }
        }

        /// Ends the command when everything is delivered, and loads its file.
        private func end(_ process: SluiceProcess, _ bench: Bench) throws {
            try bench.waitForConfirmation(of: process)
            process.send(SIGTERM)
            #expect(try process.waitForExit() == .status(0))
            try bench.loadFile()
        }

        private func prepare(_ bench: Bench) throws {
            try bench.run(Load.table, "create publication sluice for all tables")
        }
    }
}
