import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Backfill of unusual keys")
    struct BackfillKeyTests {
        @Test("I87: pages by keys of many types neither skip nor repeat a row, with a kill in between")
        func types() async throws {
            try await Bench.run("backfill_keys") { bench in
                try bench.run(
                    "create type mood as enum ('sad', 'ok', 'happy', 'a''b')",
                    "create domain natural_number as int check (value >= 0)",
                    "create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                    "create type pair as (a int, b text)",
                    "create extension citext"
                )
                for (index, key) in Self.keys.enumerated() {
                    try bench.run(
                        "create table \"Key \(index)\" (\(key.columns), version int default 1, primary key (\(key.names)))",
                        "insert into \"Key \(index)\" (\(key.names)) select \(key.values) from generate_series(1, \(key.count)) i"
                    )
                }
                try bench.createSlot()
                let process = try bench.stream(bench.file, "--backfill", "all", "--rate", "30000")
                try bench.wait("output") { bench.lines() > 5000 }
                try process.killHard()
                try bench.waitForNoReader()
                // Within a page that was written in part, also within a line.
                let length = max(try bench.rememberedLength(), bench.folder.size("out.ndjson") - 100_000)
                try #require(truncate(bench.folder.path("out.ndjson"), length) == 0)
                try bench.streamUntilNow(bench.file, "--backfill", "all")
                try bench.loadFile()
                for (index, key) in Self.keys.enumerated() {
                    let rows = try bench.sql.query(
                        """
                        select count(*), count(distinct line->'metadata'->>'record_pks'), (select count(*) from "Key \(index)")
                        from oracle.delivered where line->'metadata'->>'table_name' = 'Key \(index)'
                        """
                    )
                    #expect(rows == [[String(key.count), String(key.count), String(key.count)]], "\(key.columns)")
                }
                try bench.expectAscending()
            }
        }

        private struct Key {
            var columns: String
            var names: String
            var values: String
            var count = 2500
        }

        private static let keys = [
            Key(columns: "a int", names: "a", values: "i - 1000"),
            Key(columns: "a bigint", names: "a", values: "i * 4000000000"),
            Key(columns: "a uuid", names: "a", values: "md5(i::text)::uuid"),
            Key(columns: "a text collate \"C\"", names: "a", values: "chr(33 + i % 90) || '''\\' || i"),
            Key(columns: "a text collate nocase", names: "a", values: "case when i % 2 = 0 then 'Ä' else 'b' end || i"),
            Key(columns: "a citext", names: "a", values: "case when i % 2 = 0 then 'Ä' else 'b' end || i"),
            Key(columns: "a char(8), b varchar(20)", names: "a, b", values: "(i % 7)::text, 'x ' || i"),
            Key(
                columns: "a timestamp",
                names: "a",
                values: "timestamp '1999-12-31 23:59:59.999999' + i * interval '1 us'"
            ),
            Key(columns: "a timestamptz", names: "a", values: "timestamptz '0044-03-15 BC' + i * interval '1 day'"),
            Key(columns: "a mood, b int", names: "a, b", values: "(enum_range(null::mood))[1 + i % 4], i"),
            Key(columns: "a numeric", names: "a", values: "case i when 1 then 'NaN' else i * 1.10 end"),
            Key(columns: "a float8", names: "a", values: "case i when 1 then 'Infinity' else 1 / i::float8 end"),
            Key(columns: "a bytea", names: "a", values: "decode(md5(i::text), 'hex')"),
            Key(columns: "a boolean, b date", names: "a, b", values: "i % 2 = 0, date '2000-01-01' + i"),
            Key(columns: "a natural_number, b inet", names: "b, a", values: "'10.0.0.0'::inet + i, i % 5"),
            Key(columns: "a int[]", names: "a", values: "array[i % 3, i]"),
            Key(columns: "a int4range", names: "a", values: "int4range(i, i + 5)"),
            Key(columns: "a pair", names: "a", values: "row(i % 10, 'x,\"' || i)::pair"),
            Key(columns: "a bit(12)", names: "a", values: "i::bit(12)"),
            Key(
                columns: "\"A\"\"b c\" int, \"select\" text",
                names: "\"select\", \"A\"\"b c\"",
                values: "'é' || i % 50, i"
            ),
        ]

        @Test("I87: without a primary key a table is refused, with what to do; a unique index as identity will do")
        func withoutKey() async throws {
            try await Bench.run("backfill_no_key") { bench in
                try bench.run(
                    "create table bare (id int, version int)",
                    "create table indexed (id int not null unique, version int)",
                    "alter table indexed replica identity using index indexed_id_key",
                    "insert into bare values (1, 1)",
                    "insert into indexed select id, 1 from generate_series(1, 3000) id"
                )
                try bench.createSlot()
                let process = try bench.streamUntilNow(bench.file, "--backfill", "all")
                #expect(try process.notices().contains("Table public.bare has no primary key"))
                try bench.loadFile()
                try #expect(bench.delivered("read") == 3000)
                #expect(try bench.steer("status").contains("public.bare  refused"))
                try bench.expectRefusal(
                    bench.arguments(bench.file, ["--backfill", "nothing"]),
                    "has no table \"nothing\""
                )
            }
        }

        @Test("I87: only published rows and columns are copied, and only of tables that are streamed")
        func published() async throws {
            try await Bench.run("backfill_lists") { bench in
                try bench.run(
                    "create table items (id int primary key, version int, secret text, twice int generated always as (id * 2) stored)",
                    "create table heir (extra int) inherits (items)",
                    "alter table heir add primary key (id)",
                    "insert into items select id, 1, 'hidden' from generate_series(1, 100) id",
                    "insert into heir select id, 1, 'hidden' from generate_series(201, 210) id"
                )
                try bench.createSlot(tables: "table only items (id, version) where (id % 2 = 0)")
                try bench.streamUntilNow(bench.file, "--backfill", "all")
                try bench.loadFile()
                try #expect(
                    bench.value(
                        "select count(*) || ' ' || max(line->>'record') from oracle.delivered where (line->'record'->>'id')::int % 2 = 0"
                    ) == "50 {\"id\": 98, \"version\": 1}"
                )
                try #expect(bench.delivered("read") == 50)
            }
        }
    }
}
