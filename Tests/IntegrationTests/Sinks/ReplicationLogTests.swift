import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("postgres: behind a log")
    struct ReplicationLogTests {
        @Test("A1, B17: killed again and again under load beside a file: both have every change once and in order")
        func killed() async throws {
            try await Bench.run("pg_log_kill") { bench in
                let target = try bench.target()
                try target.run(ReplicationFaultTests.audit)
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench, pause: Bench.isSoak ? 0.02 : 0.1)
                try ReplicationFaultTests.killAgainAndAgain(bench, target, rounds: Bench.isSoak ? 50 : 6, seed: 5) {
                    try bench.stream(target.url(), bench.file)
                }
                try bench.waitForNoReader()
                try load.stop()
                try bench.streamUntilNow(target.url(), bench.file)
                try bench.loadTruth()
                try ReplicationFaultTests.expectOnce(bench, target)
                try bench.loadFile()
                try bench.expectAllDelivered()
            }
        }

        @Test("what arrives is the same as without one: types, new columns, other keys, values out of line, truncates")
        func changes() async throws {
            try await Bench.run("pg_log_changes") { bench in
                let target = try bench.target()
                let mood = "create type mood as enum ('sad', 'glad')"
                try target.run(mood)
                try bench.run(
                    mood,
                    """
                    create table parents (id int primary key, body text, mood mood);
                    create table children (id int primary key, body text, at timestamptz);
                    alter table parents alter body set storage external;
                    alter table children replica identity full
                    """
                )
                try bench.createSlot()
                try bench.run(
                    "insert into parents select id, repeat('long', 2000) || id, 'glad' from generate_series(1, 20) id",
                    "insert into children select id, repeat('x', 5000), now() from generate_series(1, 20) id",
                    "begin; alter table parents add n int; update parents set n = id; "
                        + "alter table parents drop n, add m bytea; update parents set m = '\\x00ff' where id < 9; commit",
                    "delete from children where id > 10",
                    "update parents set id = id + 100, mood = 'sad' where id > 15",
                    "truncate children",
                    "insert into children values (1, 'again', null)"
                )
                try bench.streamUntilNow(target.url(), bench.file, "--spill-size", "1MB")
                let columns = "id, body, mood, m"
                try #expect(
                    target.sql.query("select \(columns) from parents order by 1")
                        == bench.sql.query("select \(columns) from parents order by 1")
                )
                try bench.expectSame(["children"], in: target)
                try #expect(
                    target.value("select format_type(atttypid, -1) from pg_attribute where attname = 'mood'") == "mood"
                )
                try bench.loadFile()
                try bench.expectAscending()
            }
        }

        @Test("a log keeps rows from when the sink is named first until it is given up, also while it is not named")
        func whatIsKept() async throws {
            try await Bench.run("pg_log_kept") { bench in
                let target = try bench.target()
                let count = "select count(*) from items"
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...100)
                try bench.streamUntilNow(bench.file, "--spill")
                let first = try bench.streamUntilNow(bench.file, target.url())
                #expect(try first.notices().contains("gets what comes into the log from now on"))
                try bench.insert(101...200)
                try bench.streamUntilNow(bench.file, target.url())
                try #expect(target.value(count) == "100")

                try bench.insert(201...300)
                let alone = try bench.streamUntilNow(bench.file)
                #expect(try alone.notices().contains("what it lacks is kept for it in the log"))
                try bench.streamUntilNow(bench.file, target.url())
                try #expect(target.value(count) == "200")

                let identity = "postgres://postgres@127.0.0.1:\(target.server.port)/\(target.database)?cursor=sluice"
                try bench.insert(301...400)
                try bench.streamUntilNow(bench.file, "--detach", identity)
                try bench.streamUntilNow(bench.file, target.url(), "--readmit", identity)
                try bench.insert(401...500)
                try bench.streamUntilNow(bench.file, target.url())
                try #expect(target.value(count) == "300")
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }
    }
}
