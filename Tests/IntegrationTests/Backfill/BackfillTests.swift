import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("Backfill")
    struct BackfillTests {
        @Test(
            "I82, I86: copied while rows change: who follows the messages ends with the table, none is stale",
            arguments: [true, false]
        )
        func whileWritten(withWatermarks: Bool) async throws {
            try await Bench.run("backfill_written_\(withWatermarks)") { bench in
                try bench.run(Load.table)
                try bench.insert(100_001...140_000)
                try bench.createSlot()
                let load = try Load(bench, pause: 0.3)
                try bench.copyUntilNow(withWatermarks: withWatermarks)
                try load.stop()
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectCopied()
                try bench.expectNoneStale()
                let read = try bench.delivered("read")
                #expect(read >= 40_000, "\(read) rows were read")
                try #expect(bench.delivered("insert") > 100)
            }
        }

        @Test("I82, I83: nothing is written on the server, nor may be: every row is copied, also after kill -9")
        func idle() async throws {
            try await Bench.run("backfill_idle", settings: [:]) { bench in
                try bench.run(Load.table)
                try bench.insert(1...30_000)
                try bench.createSlot()
                let reader = try bench.makeReader()
                try bench.run("checkpoint")
                let process = try bench.stream(as: reader, bench.file, "--backfill", "all", "--rate", "20000")
                try bench.wait("several pages") { bench.lines() > 8000 }
                try process.killHard()
                try bench.waitForNoReader()
                let next = try bench.stream(as: reader, bench.file, "--backfill", "all", "--until", "now")
                #expect(try next.waitForExit() == .status(0), "\(next.error.text)")
                try bench.loadFile()
                try bench.expectCopied()
                try #expect(bench.delivered("read") >= 30_000)
                #expect(try bench.steer("status").contains("public.items  done"))
            }
        }

        @Test("I83: kill -9 and SIGTERM again and again: the copy goes on where it was, and no row is read twice")
        func killed() async throws {
            try await Bench.run("backfill_killed") { bench in
                try bench.run(Load.table)
                try bench.insert(100_001...140_000)
                try bench.createSlot()
                let load = try Load(bench, pause: 0.3)
                var random = SeededGenerator(seed: 3)
                for round in 0..<7 {
                    let size = bench.folder.size("out.ndjson")
                    let growth = Int.random(in: 1...2_000_000, using: &random)
                    let process = try bench.stream(bench.file, "--backfill", "all", "--rate", "40000")
                    try bench.wait("\(growth) bytes") { bench.folder.size("out.ndjson") >= size + growth }
                    if round % 3 == 2 {
                        process.send(SIGTERM)
                        #expect(try process.waitForExit() == .status(0))
                    } else {
                        try process.killHard()
                    }
                    try bench.waitForNoReader()
                }
                try load.stop()
                // Also without the option: what was begun goes on.
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectCopied()
                try bench.expectNoneStale()
                try #expect(bench.twiceRead() == "0", "rows that were read twice")
                try #expect(bench.delivered("read") >= 40_000)
            }
        }

        @Test("I83: a stage fails within a page: the copy goes on in the same process, and no row is read twice")
        func stageFails() async throws {
            try await Bench.run("backfill_stage") { bench in
                try bench.run(Load.table)
                try bench.insert(1...20_000)
                try bench.createSlot()
                let process = try bench.stream(
                    bench.file,
                    "--backfill",
                    "all",
                    "--until",
                    "now",
                    failpoint: "delivered:3:fail"
                )
                #expect(try process.waitForExit() == .status(0))
                #expect(try process.notices().contains("Starting again"))
                try bench.loadFile()
                try bench.expectCopied()
                try #expect(bench.twiceRead() == "0")
                try #expect(bench.delivered("read") == 20_000)
            }
        }

        @Test("H79, I82: copied into another Postgres while rows change: both have the same, types included")
        func intoPostgres() async throws {
            try await Bench.run("backfill_postgres") { bench in
                let target = try bench.target()
                for own in [bench.sql, target.sql] { try own.query("create type mood as enum ('sad', 'so so')") }
                try bench.run(
                    Load.table,
                    "create domain label as text; create domain title as label",
                    "create table people (m mood, n title, o mood[], id int primary key)",
                    "insert into people select 'so so', 'x', '{sad}', id from generate_series(1, 3000) id"
                )
                try bench.insert(100_001...120_000)
                try bench.createSlot()
                let load = try Load(bench, pause: 0.3)
                try bench.streamUntilNow(target.url(), "--backfill", "all")
                try load.stop()
                try bench.streamUntilNow(target.url())
                try bench.expectSame(["items", "people"], in: target)
                let types = "select string_agg(atttypid::regtype::text, ' ' order by attname) from pg_attribute"
                let found = try target.value("\(types) where attrelid = 'people'::regclass and attnum > 0")
                #expect(found == "integer mood text mood[]")
            }
        }

        @Test("I82: copied behind a log for several sinks: each of them ends with the table")
        func behindLog() async throws {
            try await Bench.run("backfill_log") { bench in
                try bench.run(Load.table)
                try bench.insert(100_001...120_000)
                try bench.createSlot()
                let load = try Load(bench, pause: 0.3)
                let second = "file:\(bench.folder.path("second.ndjson"))"
                let process = try bench.stream(bench.file, second, "--backfill", "all", "--rate", "20000")
                try bench.wait("a part") { bench.folder.size("second.ndjson") > 1_000_000 }
                try process.killHard()
                try bench.waitForNoReader()
                try bench.streamUntilNow(bench.file, second)
                try load.stop()
                try bench.streamUntilNow(bench.file, second)
                for file in ["out.ndjson", "second.ndjson"] {
                    try bench.loadDelivered(bench.folder.path(file))
                    try bench.expectCopied()
                    try bench.expectNoneStale()
                    try #expect(bench.twiceRead() == "0", "rows that were read twice")
                    try #expect(bench.delivered("read") >= 20_000)
                }
            }
        }

        @Test("I84: a copy is held, goes on, and is cancelled, while the stream goes on")
        func steered() async throws {
            try await Bench.run("backfill_steered") { bench in
                try bench.run(Load.table, "create table more (id int primary key, version int)")
                try bench.insert(100_001...200_000)
                try bench.run("insert into more select id, 1 from generate_series(1, 50000) id")
                try bench.createSlot()
                let process = try bench.stream(bench.file, "--backfill", "all", "--rate", "20000")
                try bench.wait("output") { bench.lines() > 10_000 }
                #expect(try bench.steer("pause").contains("public.items  paused"))
                try bench.wait("nothing more") {
                    let lines = bench.lines()
                    try bench.run("select pg_sleep(1.5)")
                    return bench.lines() == lines
                }
                let held = bench.lines()
                try bench.run("insert into items values (1, 1)")
                try bench.wait("a change") { bench.lines() == held + 1 }
                #expect(try bench.steer("resume", "items").contains("public.items  copying"))
                try bench.wait("the first table") { bench.lines() >= 100_001 }
                #expect(try bench.steer("cancel", "more").contains("public.more  cancelled"))
                try process.waitForProgress("the end of the copies") { line in
                    let copy = line["backfill"] as? [String: Any]
                    return copy?["table"] == nil && copy?["done"] as? Int == 1
                }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try bench.loadFile()
                try bench.expectCopied()
                try #expect(bench.twiceRead() == "0")
                #expect(try bench.steer("status").contains("public.items  done  100000 rows"))
                // From the first row once more.
                #expect(try bench.steer("restart", "more").contains("public.more  copying  0 rows"))
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectCopied("more")
            }
        }

        @Test("I84: a partitioned table is copied as its root, or partition by partition, as it is published")
        func partitions() async throws {
            for (name, option) in [("root", "with (publish_via_partition_root)"), ("leaves", "")] {
                try await Bench.run("backfill_\(name)") { bench in
                    try bench.run(
                        "create table parts (id int primary key, version int) partition by range (id)",
                        "create table parts_1 partition of parts for values from (0) to (1000)",
                        "create table parts_2 partition of parts for values from (1000) to (2000)",
                        "insert into parts select id, 1 from generate_series(1, 1999) id"
                    )
                    try bench.createSlot(options: option)
                    try bench.streamUntilNow(bench.file, "--backfill", "parts")
                    try bench.loadFile()
                    if name == "root" {
                        try bench.expectCopied("parts")
                    } else {
                        try bench.expectCopied("parts_1")
                        try bench.expectCopied("parts_2")
                    }
                    try #expect(bench.delivered("read") == 1999)
                }
            }
        }

        @Test("I88: a page that takes too long is made smaller and tried again; the stream goes on meanwhile")
        func locked() async throws {
            try await Bench.run("backfill_locked") { bench in
                try bench.run(Load.table, "create table more (id int primary key, version int)")
                try bench.insert(1...20_000)
                try bench.createSlot()
                let other = try bench.connect()
                try other.query("begin; lock table items in access exclusive mode")
                let process = try bench.stream(bench.file, "--backfill", "items", "--until", "now")
                try bench.waitForNotice("A page took too long", of: process)
                try bench.run("insert into more values (1, 1)")
                try bench.wait("the change") { bench.lines() == 1 }
                try other.query("commit")
                #expect(try process.waitForExit() == .status(0))
                try bench.loadFile()
                try bench.expectCopied()
            }
        }

        @Test("I90: connections are lost again and again: every page comes through, none is waited for in vain")
        func disconnected() async throws {
            try await Bench.run("backfill_disconnected") { bench in
                try bench.run(Load.table)
                try bench.insert(100_001...140_000)
                try bench.createSlot()
                let load = try Load(bench, pause: 0.3)
                let process = try bench.stream(
                    bench.file,
                    "--backfill",
                    "all",
                    "--until",
                    "now",
                    "--rate",
                    "30000"
                )
                try bench.waitForReader()
                for _ in 0..<12 where process.isRunning {
                    try bench.run(
                        """
                        select pg_sleep(0.4), pg_terminate_backend(pid) from pg_stat_activity
                        where application_name = 'sluice' and datname = current_database() and pid <> pg_backend_pid()
                            and query not like '%pg_try_advisory_lock%' and query not like 'do $$%'
                        """
                    )
                }
                #expect(try process.waitForExit() == .status(0))
                try load.stop()
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectCopied()
                try bench.expectNoneStale()
                try #expect(bench.twiceRead() == "0")
            }
        }
    }
}
