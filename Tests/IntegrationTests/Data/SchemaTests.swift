import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Schemas")
    struct SchemaTests {
        @Test("E52: a truncate of two tables: one message for each, between the rows before and after")
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

        @Test(
            "E49, E51: columns added, dropped and renamed, tables renamed and moved, between and inside transactions, also across restarts"
        )
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
                        from oracle.delivered where line->>'action' <> 'schema' order by n desc limit 2
                        """
                    ) == [["moved", "papers"], ["public", "docs"]]
                )
            }
        }

        @Test("E50: a table dropped and made anew under its name")
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
    }
}
