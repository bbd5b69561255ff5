import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Schemas")
    struct SchemaTests {
        @Test("a truncate of two tables: one message for each, between the rows before and after")
        func truncate() async throws {
            try await Bench.run("truncated") { bench in
                try bench.run("create table a (id int primary key)", "create table b (id int primary key references a)")
                try bench.createSlot()
                try bench.run("select pg_create_logical_replication_slot('second_truncated', 'pgoutput')")
                try bench.run(
                    "insert into a values (1)",
                    "begin; insert into b values (1); truncate a cascade; insert into a values (2); commit"
                )
                try bench.streamUntilNow(bench.file)
                try bench.streamUntilNow("sqlite:\(bench.folder.path("out.db"))", "--slot", "second_truncated")
                try bench.loadFile()
                let query = """
                    select line->>'action', line->'metadata'->>'table_name', line->'metadata'->>'commit_idx',
                        convert_from(decode(line->'metadata'->>'idempotency_key', 'base64'), 'utf8')
                            like '%:' || (line->'metadata'->>'commit_idx') || ':1'
                    from oracle.delivered order by n
                    """
                let expected = [
                    ["insert", "a", "0", "f"], ["insert", "b", "0", "f"], ["truncate", "a", "1", "f"],
                    ["truncate", "b", "1", "t"], ["insert", "a", "2", "f"],
                ]
                try #expect(bench.sql.query(query) == expected)
                try bench.loadSQLite()
                try #expect(bench.sql.query(query) == expected)
            }
        }

        @Test("columns added, dropped and renamed between and inside transactions, also across restarts")
        func alteredTables() async throws {
            try await Bench.run("altered") { bench in
                try bench.run("create table docs (id int primary key, a text, b int)")
                try bench.createAudit()
                try bench.audit("docs")
                try bench.createSlot()
                try bench.run("insert into docs values (1, 'a', 1)", "alter table docs add c numeric default 1.50")
                try bench.run("insert into docs values (2, 'a', 1)")
                try bench.streamUntilNow(bench.file)
                try bench.run("alter table docs rename a to \"A b\"")
                for statement in [
                    "begin", "insert into docs values (3, 'a', 1)", "alter table docs drop b",
                    "insert into docs values (4, 'a')", "alter table docs add b text default 'x'",
                    "update docs set c = 2 where id = 1", "alter table docs alter c type text",
                    "insert into docs values (5, 'a', 'not a number', 'b')", "commit", "delete from docs where id = 2",
                    "alter table docs rename to papers", "create schema moved", "alter table papers set schema moved",
                    "insert into moved.papers values (6, 'a')",
                ] {
                    try bench.run(statement)
                }
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAscending()
                try bench.expectAudited(identity: ["id"])
                try #expect(
                    bench.sql.query(
                        """
                        select line->'metadata'->>'table_schema', line->'metadata'->>'table_name'
                        from oracle.delivered order by n desc limit 2
                        """
                    ) == [["moved", "papers"], ["public", "docs"]]
                )
            }
        }

        @Test("a table dropped and made anew under its name")
        func recreatedTable() async throws {
            try await Bench.run("recreated_table") { bench in
                try bench.createAudit()
                try bench.createSlot()
                for column in ["a int", "b text", "c numeric(5,2)"] {
                    try bench.run("drop table if exists docs", "create table docs (id int primary key, \(column))")
                    try bench.audit("docs")
                    try bench.run("insert into docs values (1, '7')", "delete from docs")
                }
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAudited(identity: ["id"])
            }
        }

        @Test("names with quotes, spaces, dots, backslashes and beyond ASCII")
        func oddNames() async throws {
            try await Bench.run("odd_names") { bench in
                let name = #"odd "" table. \ ⌘ %s {"#
                let long = String(repeating: "n", count: 63)
                try bench.run(
                    #"create schema "a ""b"".c""#,
                    #"create table "a ""b"".c"."\#(name)" ("i ""d" int primary key, "e:é,\" text, "\#(long)" text)"#
                )
                try bench.createAudit()
                try bench.audit(#""a ""b"".c"."\#(name)""#)
                try bench.createSlot()
                try bench.run(
                    #"insert into "a ""b"".c"."\#(name)" values (1, 'x', 'y')"#,
                    #"delete from "a ""b"".c"."\#(name)""#
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAudited(identity: [#"i "d"#])
                try #expect(
                    bench.sql.query(
                        """
                        select distinct line->'metadata'->>'table_schema', line->'metadata'->>'table_name',
                            line->'metadata'->>'record_pks'
                        from oracle.delivered
                        """
                    ) == [[#"a "b".c"#, name.replacing("\"\"", with: "\""), #"["1"]"#]]
                )
            }
        }

        @Test("a partitioned table that is published through its root has the root's name", arguments: [true, false])
        func partitions(viaRoot: Bool) async throws {
            try await Bench.run("partitions_\(viaRoot)") { bench in
                try bench.run(
                    "create table parts (id int, v text, primary key (id)) partition by range (id)",
                    "create table parts_low partition of parts for values from (0) to (100)",
                    // Its columns have another order and a dropped one before them.
                    "create table parts_high (gone int, v text, id int not null)",
                    "alter table parts_high drop gone",
                    "alter table parts attach partition parts_high for values from (100) to (200)"
                )
                try bench.createAudit()
                try bench.audit("parts")
                try bench.createSlot(options: "with (publish_via_partition_root = \(viaRoot))")
                try bench.run(
                    "insert into parts values (1, 'a'), (101, 'b')",
                    "update parts set v = 'c'",
                    "update parts set id = 150 where id = 1",
                    "delete from parts where id = 101"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                let names = try bench.sql.query(
                    "select distinct line->'metadata'->>'table_name' from oracle.delivered order by 1"
                )
                #expect(names == (viaRoot ? [["parts"]] : [["parts_high"], ["parts_low"]]))
                let keys = try bench.sql.query(
                    "select line->'metadata'->>'record_pks' from oracle.delivered order by n"
                )
                // A row that goes over to another partition is a delete and an insert.
                #expect(keys.compactMap(\.[0]) == ["1", "101", "1", "101", "1", "150", "101"].map { "[\"\($0)\"]" })
                try bench.expectAudited(identity: ["id"])
            }
        }

        @Test("a column list and a row filter: what the publication lets through")
        func filtered() async throws {
            try await Bench.run("filtered") { bench in
                try bench.run("create table docs (id int primary key, secret text, kind int)")
                try bench.run("alter table docs replica identity full")
                try bench.run("create table cards (id int primary key, number text, kind int)")
                try bench.createSlot(tables: "table docs where (kind > 1), cards (id, kind)")
                try bench.run(
                    "insert into docs values (1, 's', 1), (2, 's', 2)",
                    "update docs set kind = kind + 1",
                    "update docs set kind = 0 where id = 2",
                    "insert into cards values (1, 's', 1)",
                    "update cards set number = 't'"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                let rows = try bench.sql.query(
                    "select line->>'action', line->'record' from oracle.delivered order by n"
                )
                #expect(
                    rows == [
                        ["insert", #"{"id": 2, "kind": 2, "secret": "s"}"#],
                        ["insert", #"{"id": 1, "kind": 2, "secret": "s"}"#],
                        ["update", #"{"id": 2, "kind": 3, "secret": "s"}"#],
                        ["delete", #"{"id": 2, "kind": 3, "secret": "s"}"#],
                        ["insert", #"{"id": 1, "kind": 1}"#],
                        ["update", #"{"id": 1, "kind": 1}"#],
                    ]
                )
            }
        }
    }
}
