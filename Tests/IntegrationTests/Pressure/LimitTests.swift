import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Filters and limits")
    struct LimitTests {
        @Test("--tables: rows of other tables become no messages, and the positions go on past them")
        func tables() async throws {
            try await Bench.run("tables") { bench in
                try bench.run(
                    "create schema shop",
                    "create table orders (id int primary key)",
                    "create table shop.orders (id int primary key)",
                    "create table shop.customers (id int primary key)",
                    "create table other (id int primary key)"
                )
                try bench.createSlot()
                try bench.run(
                    "begin; insert into orders values (1); insert into other values (2); insert into shop.orders values (3);"
                        + "insert into shop.customers values (4); commit",
                    "insert into other select generate_series(5, 1000)",
                    "truncate orders, other, shop.customers"
                )
                let end = try #require(try bench.value("select pg_current_wal_lsn()"))
                try bench.streamUntilNow(bench.file, "--tables", "orders,shop.customers")
                try bench.loadFile()
                let rows = try bench.sql.query(
                    """
                    select format('%s %s.%s %s', line->>'action', line->'metadata'->>'table_schema',
                        line->'metadata'->>'table_name', line->'record'->>'id')
                    from oracle.delivered order by n
                    """
                )
                #expect(
                    rows.compactMap(\.[0]) == [
                        "insert public.orders 1", "insert shop.orders 3", "insert shop.customers 4",
                        "truncate public.orders ", "truncate shop.customers ",
                    ]
                )
                try #expect(bench.value("select '\(bench.confirmedFlush)'::pg_lsn >= '\(end)'") == "t")
            }
        }

        @Test("--memory with large rows: never more in flight than the budget, and all arrive")
        func memory() async throws {
            try await Bench.run("memory") { bench in
                let size = 300_000
                try bench.run("create table items (id int primary key, version int, body text)")
                try bench.createSlot()
                try bench.run(
                    "insert into items select id, 1, repeat(md5(id::text), \(size / 32)) from generate_series(1, 60) id"
                )
                let process = try bench.stream(bench.file, "--memory", "1MB", "--rate", "20")
                try process.waitForProgress("all rows") { $0["changes"] as? Int == 60 }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                let held = try process.progress().compactMap { $0["bytesInFlight"] as? Int }
                let peak = held.max() ?? 0
                #expect(peak > size, "something was in flight")
                #expect(peak <= 1 << 20, "\(held)")
                #expect(held.last == 0)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }

        @Test("B19: a row that is larger than the budget arrives")
        func largeRow() async throws {
            try await Bench.run("large_row") { bench in
                try bench.run("create table items (id int primary key, version int, body text)")
                try bench.createSlot()
                try bench.run(
                    """
                    insert into items select id, 1, repeat(md5(id::text), case when id % 3 = 0 then 200000 else 1 end)
                    from generate_series(1, 9) id
                    """
                )
                try bench.streamUntilNow(bench.file, "--memory", "1MB")
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
                try #expect(
                    bench.value(
                        """
                        select count(*) from oracle.delivered d
                        join items i on i.id = (d.line->'record'->>'id')::int and i.body = d.line->'record'->>'body'
                        """
                    ) == "9"
                )
            }
        }

        @Test("--rate: the limit is kept over the whole run")
        func rate() async throws {
            try await Bench.run("rate") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run("insert into items select id, 1 from generate_series(1, 2000) id")
                let start = try #require(try bench.value("select clock_timestamp()"))
                try bench.streamUntilNow(bench.file, "--rate", "1000")
                // Only a lower bound, which no slowness of the machine can break: the burst of a twentieth is free.
                try #expect(
                    bench.value("select clock_timestamp() - '\(start)' >= interval '1.9 s'") == "t"
                )
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }
    }
}
