import SluicePostgres
import Testing

extension IntegrationTests {
    /// What a replica identity lets a message tell.
    @Suite("Identities")
    struct IdentityTests {
        /// Ten kilobytes that do not become smaller, so that they are stored out of line.
        static let large = "(select string_agg(md5(random()::text), '') from generate_series(1, 320))"

        @Test("E46: a value out of line that an update leaves alone: a hole with a name, not a value")
        func unchangedToast() async throws {
            try await Bench.run("toast") { bench in
                try bench.run("create table docs (id int primary key, title text, body text, more text)")
                try bench.createSlot()
                try bench.run("insert into docs values (1, 'a', \(Self.large), \(Self.large))")
                try bench.run("update docs set title = 'b'", "update docs set more = 'c'", "update docs set id = 2")
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                let rows = try bench.sql.query(
                    """
                    select line->>'action', (select string_agg(k, ' ' order by k) from jsonb_object_keys(line->'record') k),
                        line->'metadata'->'unchanged_toast', line->'metadata'->'record_pks'
                    from oracle.delivered order by n
                    """
                )
                #expect(
                    rows == [
                        ["insert", "body id more title", nil, #"["1"]"#],
                        ["update", "id title", #"["body", "more"]"#, #"["1"]"#],
                        ["update", "id more title", #"["body"]"#, #"["1"]"#],
                        ["update", "id more title", #"["body"]"#, #"["2"]"#],
                    ]
                )
            }
        }

        @Test("E47, E48: FULL fills such holes from the old row, tells old values, and takes keys from the catalog")
        func full() async throws {
            try await Bench.run("identity_full") { bench in
                try bench.run(
                    "create table docs (a int, title text, body text, b int, primary key (b, a))",
                    "alter table docs replica identity full"
                )
                try bench.createAudit()
                try bench.audit("docs")
                try bench.createSlot()
                try bench.run(
                    "insert into docs values (1, 'a', \(Self.large), 2)",
                    "update docs set title = null",
                    "update docs set a = 3, title = 'x'",
                    "update docs set title = 'x'",
                    "delete from docs"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAudited(identity: nil)
                try #expect(
                    bench.value("select count(*) from oracle.delivered where raw like '%unchanged_toast%'") == "0"
                )
                let keys = try bench.sql.query("select line->'metadata'->'record_pks' from oracle.delivered order by n")
                let (old, new) = (#"["2", "1"]"#, #"["2", "3"]"#)
                #expect(keys.compactMap(\.[0]) == [old, old, new, new, new])
            }
        }

        @Test("E48: USING INDEX: deletes tell the index's columns")
        func index() async throws {
            try await Bench.run("identity_index") { bench in
                try bench.run(
                    "create table docs (id int primary key, code text not null, title text)",
                    "create unique index codes on docs (code)",
                    "alter table docs replica identity using index codes"
                )
                try bench.createAudit()
                try bench.audit("docs")
                try bench.createSlot()
                try bench.run(
                    "insert into docs values (1, 'a', 't'), (2, 'b', 't')",
                    "update docs set title = 'u' where id = 1",
                    "update docs set code = 'c' where id = 1",
                    "delete from docs"
                )
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAudited(identity: ["code"])
                let changes = "select line->'changes' from oracle.delivered where line->>'action' = 'update' order by n"
                try #expect(bench.sql.query(changes) == [["{}"], [#"{"code": "a"}"#]])
            }
        }

        @Test("E48: NOTHING, or no key at all: inserts arrive, and a notice names the table whose updates fail")
        func nothing() async throws {
            try await Bench.run("identity_nothing") { bench in
                try bench.run(
                    "create table logs (line text)",
                    "create table docs (id int primary key)",
                    "alter table docs replica identity nothing"
                )
                try bench.createAudit()
                try bench.audit("logs")
                try bench.audit("docs")
                try bench.createSlot()
                try bench.run("insert into logs values ('a'), ('a'), (null)", "insert into docs values (1)")
                for statement in ["update docs set id = 2", "delete from logs"] {
                    let error = #expect(throws: ReplicationError.self) { try bench.run(statement) }
                    #expect(error?.message.contains("replica identity") == true, "The server refuses it at the writer")
                }
                let process = try bench.streamUntilNow(bench.file)
                #expect(try process.notices().contains("public.docs, public.logs"))
                try bench.loadFile()
                try bench.expectAudited(identity: ["id"])
                let keys = "select line->'metadata'->'record_pks' from oracle.delivered order by n"
                try #expect(bench.sql.query(keys) == [["null"], ["null"], ["null"], [#"["1"]"#]])
            }
        }

        @Test("E48: DEFAULT: deletes tell the key, and a change of the key tells the old one among the changes")
        func keyChange() async throws {
            try await Bench.run("key_change") { bench in
                try bench.run("create table pairs (a int, b text, c text, primary key (a, b))")
                try bench.createAudit()
                try bench.audit("pairs")
                try bench.createSlot()
                try bench.run("insert into pairs values (1, 'x', 'c')", "update pairs set a = 2", "delete from pairs")
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.expectAudited(identity: ["a", "b"])
                try #expect(
                    bench.sql.query(
                        "select line->'changes', line->'metadata'->'record_pks' from oracle.delivered order by n"
                    ) == [["null", #"["1", "x"]"#], [#"{"a": 1}"#, #"["2", "x"]"#], ["null", #"["2", "x"]"#]]
                )
            }
        }
    }
}
