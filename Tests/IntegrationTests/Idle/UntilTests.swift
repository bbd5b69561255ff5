import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("--until")
    struct UntilTests {
        @Test("a position: what was committed below it, and nothing above")
        func position() async throws {
            try await Bench.run("until_position") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run("insert into items values (1, 1), (2, 1)", "insert into items values (3, 1)")
                let end = try #require(try bench.value("select pg_current_wal_insert_lsn()"))
                try bench.run("insert into items values (4, 1)", "insert into items values (5, 1)")
                let process = try bench.stream(bench.file, "--until", end)
                #expect(try process.waitForExit() == .status(0))
                try bench.loadFile()
                let ids = "select string_agg(line->'record'->>'id', ' ' order by n) from oracle.delivered"
                try #expect(bench.value(ids) == "1 2 3")
                // A position that is reached already ends at once.
                let again = try bench.stream(bench.file, "--until", end)
                #expect(try again.waitForExit() == .status(0))
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try #expect(bench.value(ids) == "1 2 3 4 5")
            }
        }

        @Test("now, under load: everything that was committed before is there, again and again without a break")
        func nowUnderLoad() async throws {
            try await Bench.run("until_load") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench)
                for _ in 1...4 {
                    try bench.loadTruth()
                    try bench.streamUntilNow(bench.file)
                    try bench.loadFile()
                    let counts = try bench.sql.query(
                        "select (select count(*) from oracle.delivered) >= (select count(*) from oracle.truth)"
                    )
                    #expect(counts == [["t"]], "less than what was committed before the start")
                }
                try load.stop()
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }

        @Test("now, beside an open transaction and without synchronous commits: ends, without the open rows")
        func openTransaction() async throws {
            try await Bench.run("until_open", settings: ["synchronous_commit": "off"]) { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let other = try bench.connect()
                try other.query("begin; insert into items values (1, 1)")
                try bench.run("insert into items values (2, 1)")
                try bench.streamUntilNow(bench.file)
                try other.query("insert into items values (3, 1); commit")
                try bench.loadFile()
                let ids = "select string_agg(line->'record'->>'id', ' ' order by n) from oracle.delivered"
                try #expect(bench.value(ids) == "2")
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try #expect(bench.value(ids) == "2 1 3")
            }
        }
    }
}
