import SluicePostgres
import Testing

extension IntegrationTests {
    /// Tables that are not like most.
    @Suite("Tables of every shape")
    struct TableShapeTests {
        @Test("E54: a column list and a row filter: what the publication lets through")
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

        @Test("E54: columns that are left out of a list may go and come; a change of the list is told")
        func columnList() async throws {
            try await Bench.run("column_list") { bench in
                try bench.run("create table cards (id int primary key, number text, kind int)")
                try bench.createSlot(tables: "table cards (id, kind)")
                for statement in [
                    "insert into cards values (1, 's', 1)", "alter table cards drop number",
                    "insert into cards values (2, 2)", "alter table cards add number text",
                    "insert into cards values (3, 3, 't')",
                    "alter publication sluice set table cards (id, number)", "insert into cards values (4, 4, 'u')",
                    "alter publication sluice drop table cards", "insert into cards values (5, 5, 'v')",
                    "alter publication sluice add table cards", "insert into cards values (6, 6, 'w')",
                ] {
                    try bench.run(statement)
                }
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                let rows = try bench.sql.query(
                    """
                    select coalesce(line->'changes'->'columns', line->'record')
                        from oracle.delivered order by n
                    """
                )
                let int = #"{"type_oid": 23, "is_identity": false, "type_modifier": -1}"#
                #expect(
                    rows == [
                        [#"{"id": 1, "kind": 1}"#], [#"{"id": 2, "kind": 2}"#], [#"{"id": 3, "kind": 3}"#],
                        [#"{"kind": \#(int), "number": null}"#], [#"{"id": 4, "number": "u"}"#],
                        [#"{"kind": null}"#], [#"{"id": 6, "kind": 6, "number": "w"}"#],
                    ]
                )
            }
        }

        @Test("E55: a table without a key: rows arrive, with no key, and FULL tells them whole")
        func keyless() async throws {
            try await Bench.run("keyless") { bench in
                try bench.run("create table logs (line text, at int)", "alter table logs replica identity full")
                try bench.createAudit()
                try bench.audit("logs")
                try bench.createSlot()
                try bench.run(
                    "insert into logs values ('a', 1), ('a', 1), (null, null)",
                    "update logs set at = 2 where line = 'a'",
                    "update logs set line = 'b' where line is null",
                    "delete from logs"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAscending()
                try bench.expectAudited(identity: nil)
                let keys = "select distinct line->'metadata'->'record_pks' from oracle.delivered"
                try #expect(bench.sql.query(keys) == [["null"]])
            }
        }

        @Test("E56: generated columns are left out, as this server does")
        func generated() async throws {
            try await Bench.run("generated") { bench in
                try bench.run(
                    """
                    create table sums (
                        a int, twice int generated always as (a * 2) stored, id int primary key,
                        upper text generated always as (upper(b)) stored, b text
                    )
                    """,
                    "create table counted (n bigint generated always as identity primary key, v text)"
                )
                try bench.createSlot()
                try bench.run(
                    "insert into sums (a, id, b) values (1, 7, 'x')",
                    "update sums set a = 2",
                    "delete from sums",
                    "insert into counted (v) values ('identity columns are not generated ones')"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try #expect(
                    bench.sql.query("select line->'record' from oracle.delivered order by n") == [
                        [#"{"a": 1, "b": "x", "id": 7}"#], [#"{"a": 2, "b": "x", "id": 7}"#], [#"{"id": 7}"#],
                        [#"{"n": 1, "v": "identity columns are not generated ones"}"#],
                    ]
                )
            }
        }

        @Test("E58: 1600 columns, most of them NULL, and all told when they change")
        func manyColumns() async throws {
            try await Bench.run("many_columns") { bench in
                // Types of one byte, so that a row of them all fits into a page.
                let columns = (1..<1600).map { "\"cölumn \($0)\" bool" }
                try bench.run(
                    "create table wide (id int primary key, \(columns.joined(separator: ", ")))",
                    "alter table wide replica identity full"
                )
                try bench.createAudit()
                try bench.createSlot()
                let all = [String](repeating: "true", count: 1599).joined(separator: ", ")
                try bench.run(
                    "insert into wide values (1)",
                    "insert into wide values (2, \(all))",
                    "update wide set \"cölumn 1599\" = false",
                    "alter table wide rename \"cölumn 800\" to other",
                    "delete from wide"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAscending()
                let rows = try bench.sql.query(
                    """
                    select line->>'action', (select count(*) from jsonb_object_keys(line->'record')),
                        (select string_agg(k, ' ' order by k) from jsonb_object_keys(nullif(line->'changes', 'null')) k)
                    from oracle.delivered order by n
                    """
                )
                #expect(
                    rows == [
                        ["insert", "1600", nil], ["insert", "1600", nil], ["update", "1600", "cölumn 1599"],
                        ["update", "1600", "cölumn 1599"], ["schema", "4", "columns"], ["delete", "1600", nil],
                        ["delete", "1600", nil],
                    ]
                )
            }
        }

        @Test("E58: a table in pg_catalog, whose schema the server leaves out")
        func systemSchema() async throws {
            try await Bench.run("system_schema") { bench in
                try bench.run(
                    "set allow_system_table_mods = on",
                    "create table pg_catalog.odd (id int primary key)",
                    "create table public.odd (id int primary key)"
                )
                try bench.createSlot()
                try bench.run("insert into pg_catalog.odd values (1)", "insert into public.odd values (2)")
                try bench.streamUntilNow(bench.file, "--tables", "pg_catalog.odd")
                try bench.loadFile()
                try #expect(
                    bench.sql.query(
                        "select line->'metadata'->>'table_schema', line->'record' from oracle.delivered order by n"
                    ) == [["pg_catalog", #"{"id": 1}"#]]
                )
            }
        }

        @Test("E58: names with quotes, spaces, dots, backslashes and beyond ASCII")
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
    }
}
