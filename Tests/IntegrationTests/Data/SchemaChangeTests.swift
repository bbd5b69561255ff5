import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("Schema changes")
    struct SchemaChangeTests {
        @Test(
            "E49, E51: are told before the first row that has them, between and inside transactions and over restarts"
        )
        func told() async throws {
            try await Bench.run("schema_told") { bench in
                try bench.run("create table docs (id int primary key, a text, b int)", "create schema moved")
                try bench.createSlot()
                let runs = [
                    [
                        "insert into docs values (1, 'a', 1)", "alter table docs add c numeric(10,2)",
                        "update docs set b = 2",
                    ],
                    // A change that no row has is no change; one that is taken back is none either.
                    ["alter table docs add d int"],
                    ["alter table docs drop d", "update docs set b = 3"],
                    ["alter table docs rename a to x", "insert into docs values (2)"],
                    [
                        "begin", "alter table docs alter b type bigint", "insert into docs values (3)",
                        "savepoint s", "alter table docs drop c", "insert into docs values (4)", "rollback to s",
                        "insert into docs values (5)", "alter table docs drop x", "alter table docs add x text",
                        "insert into docs values (6)", "commit",
                    ],
                    ["alter table docs replica identity full", "update docs set b = 4 where id = 1"],
                    [
                        "alter table docs rename to papers", "alter table papers set schema moved",
                        "truncate moved.papers",
                    ],
                    ["drop table moved.papers", "create table docs (id text)", "insert into docs values ('7')"],
                ]
                for statements in runs {
                    for statement in statements { try bench.run(statement) }
                    try bench.streamUntilNow(bench.file)
                }
                try bench.loadFile()
                try bench.expectAscending()
                let rows = try bench.sql.query(
                    """
                    select case line->>'action' when 'schema' then line->>'changes' else line->>'action' end,
                        coalesce(line->'record'->>'id', line->'metadata'->>'table_schema')
                    from oracle.delivered order by n
                    """
                )
                func column(_ oid: Int, isIdentity: Bool = false, _ modifier: Int = -1) -> String {
                    #"{"type_oid": \#(oid), "is_identity": \#(isIdentity), "type_modifier": \#(modifier)}"#
                }
                #expect(
                    rows == [
                        ["insert", "1"], [#"{"columns": {"c": null}}"#, "public"], ["update", "1"], ["update", "1"],
                        [#"{"columns": {"a": \#(column(25)), "x": null}}"#, "public"], ["insert", "2"],
                        [#"{"columns": {"b": \#(column(23))}}"#, "public"], ["insert", "3"], ["insert", "5"],
                        [#"{"columns": {"x": \#(column(25))}}"#, "public"], ["insert", "6"],
                        [
                            #"{"columns": {"b": \#(column(20)), "c": \#(column(1700, 655_366)), "x": \#(column(25))}, "#
                                + #""replica_identity": "default"}"#, "public",
                        ],
                        ["update", "1"], [#"{"table_name": "docs", "table_schema": "public"}"#, "moved"],
                        ["truncate", "moved"], ["insert", "7"],
                    ]
                )
            }
        }

        @Test(
            "E49: are the same messages in every run, wherever it is killed or stopped",
            arguments: ["file:", "sqlite:"]
        )
        func killed(scheme: String) async throws {
            try await Bench.run("schema_killed_\(scheme.dropLast())") { bench in
                for table in ["a", "b", "c"] {
                    try bench.run("create table \(table) (id int primary key, v0 int default 0)")
                }
                try bench.createSlot()
                try bench.run("select pg_create_logical_replication_slot('whole_\(bench.slot)', 'pgoutput')")
                try alter(bench)

                try bench.streamUntilNow(bench.file, "--slot", "whole_\(bench.slot)")
                try bench.loadFile()
                try bench.run("alter table oracle.delivered rename to whole")
                let size = bench.folder.size("out.ndjson")
                unlink(bench.folder.path("out.ndjson"))

                let sink = scheme == "file:" ? bench.file : "sqlite:\(bench.folder.path("out.db"))"
                let output = {
                    bench.folder.size("out.ndjson") + bench.folder.size("out.db") + bench.folder.size("out.db-wal")
                }
                var random = SeededGenerator(seed: 49)
                var round = 0
                while round < 8, output() < size - 4_000_000 {
                    let process = try bench.stream(sink, "--rate", "8000")
                    let enough = output() + Int.random(in: 200_000...1_500_000, using: &random)
                    try bench.wait("output") { output() >= enough || !process.isRunning }
                    process.send(round % 3 == 0 ? SIGTERM : SIGKILL)
                    try process.waitForExit()
                    try bench.waitForNoReader()
                    round += 1
                }
                #expect(round > 3)
                try bench.streamUntilNow(sink)
                try scheme == "file:" ? bench.loadFile() : bench.loadSQLite()
                try bench.expectAscending()
                let differences = try bench.sql.query(
                    """
                    with sides as (
                        select 'whole' side, n, line from oracle.whole
                        union all select 'killed', n, line from oracle.delivered
                    ), messages as (
                        select side, row_number() over (partition by side order by n) n,
                            line #- '{metadata,consumer}' message from sides
                    )
                    select n, w.message, k.message
                    from (select * from messages where side = 'whole') w
                    full join (select * from messages where side = 'killed') k using (n)
                    where w.message is distinct from k.message order by n limit 3
                    """
                )
                #expect(differences == [])
                let counts = try bench.sql.query(
                    "select count(*) filter (where line->>'action' = 'schema'), count(*) from oracle.whole"
                )
                let (schemas, all) = (Int(counts[0][0] ?? "") ?? 0, Int(counts[0][1] ?? "") ?? 0)
                #expect(schemas > 150 && all > 30_000, "\(schemas) of \(all)")
            }
        }
    }
}

/// Changes three tables again and again, between and inside transactions, with rows before and behind.
private func alter(_ bench: Bench) throws {
    try bench.run(
        """
        create procedure oracle.alter_all() language plpgsql as $$
        declare t text; first int;
        begin
            for round in 1..80 loop
                t := (array['a', 'b', 'c'])[1 + round % 3];
                first := round * 1000;
                execute format('alter table %I add v%s int default 1', t, round);
                if round % 4 = 0 then commit; end if;
                execute format('insert into %I (id) select generate_series(%s, %s)', t, first, first + 199);
                execute format('alter table %I alter v%s type text', t, round);
                execute format('update %I set v%s = id where id %% 2 = 0 and id >= %s', t, round, first);
                if round % 5 = 0 then
                    execute format('alter table %I drop v%s', t, round);
                    execute 'truncate a, b, c';
                end if;
                if round % 7 = 0 then commit; end if;
                insert into a (id) select generate_series(first + 500, first + 549);
                insert into b (id) select generate_series(first + 500, first + 549);
                delete from a where id % 3 = 0 and id >= first;
                commit;
            end loop;
        end $$
        """,
        "call oracle.alter_all()"
    )
}
