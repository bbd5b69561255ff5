import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("postgres:")
    struct ReplicationTests {
        @Test("E44: every type arrives as it was, under its own type or as text", arguments: [true, false])
        func everyType(hasCustomTypes: Bool) async throws {
            try await Bench.run("pg_types_\(hasCustomTypes)") { bench in
                let target = try bench.target()
                for type in Kinds.types {
                    try bench.run(type)
                    if hasCustomTypes { try target.run(type) }
                }
                let columns = Kinds.values.enumerated().map { "c\($0) \($1.type)" }
                try bench.run("create table kinds (id int primary key, \(columns.joined(separator: ", ")))")
                try bench.createSlot()
                var id = 0
                for (column, kind) in Kinds.values.enumerated() {
                    for value in kind.values {
                        id += 1
                        try bench.run("insert into kinds (id, c\(column)) values (\(id), \(value))")
                    }
                }
                try bench.run("update kinds set c1 = 7 where id % 3 = 0", "update kinds set id = -id where id % 2 = 0")
                try bench.streamUntilNow(target.url())
                try bench.expectSame(["kinds"], in: target)
                // The types, too: those that name things of their own database, and unknown ones, are text. A domain is
                // the type below it, because the server names that.
                let custom = hasCustomTypes ? [] : ["mood", "pair", "hstore", "mood[]", "pair[]"]
                for (column, kind) in Kinds.values.enumerated() {
                    let query = """
                        select format_type(atttypid, atttypmod) from pg_attribute
                        where attrelid = 'kinds'::regclass and attname = 'c\(column)'
                        """
                    let isText = custom.contains(kind.type) || ["regclass", "label"].contains(kind.type)
                    let type = try kind.type == "positive" ? "integer" : isText ? "text" : bench.value(query)
                    try #expect(target.value(query) == type, "\(kind.type)")
                }
            }
        }

        @Test("Tables and columns are made as they appear, also in another schema, and a column that is dropped stays")
        func definitions() async throws {
            try await Bench.run("pg_definitions") { bench in
                let target = try bench.target()
                try bench.createSlot()
                try bench.run(
                    "create schema \"Shop's\"",
                    #"create table "Shop's"."an ""Order""" (a int, "B b" varchar(9), c text, primary key ("B b", a))"#,
                    #"insert into "Shop's"."an ""Order""" values (1, 'x', 'c'), (2, 'y', 'c')"#,
                    #"alter table "Shop's"."an ""Order""" add d numeric(9, 2), add e text[]"#,
                    #"insert into "Shop's"."an ""Order""" values (3, 'z', 'c', 1.5, '{}')"#,
                    #"alter table "Shop's"."an ""Order""" drop c"#,
                    #"update "Shop's"."an ""Order""" set d = 7 where a = 1"#,
                    "begin; create table late (id int primary key); insert into late values (1); "
                        + "alter table late add n int; insert into late values (2, 3); commit"
                )
                try bench.streamUntilNow(target.url("cursor=same"))
                let rows = try target.value(
                    #"select string_agg(concat_ws('|', a, "B b", c, d, e), ' ' order by a) from "Shop's"."an ""Order""" o"#
                )
                #expect(rows == "1|x|c|7.00 2|y|c 3|z|c|1.50|{}")
                try bench.expectSame(["late"], in: target)
                let key = "select pg_get_constraintdef(oid) from pg_constraint where conname like 'an %pkey'"
                try #expect(target.value(key) == #"PRIMARY KEY (a, "B b")"#)
            }
        }

        @Test("schema= puts all tables into one schema, beside another stream into the same database")
        func otherSchema() async throws {
            try await Bench.run("pg_schema") { bench in
                let target = try bench.target()
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...100)
                try bench.streamUntilNow(target.url("schema=copy"))
                try #expect(target.value("select count(*) from copy.items") == "100")
                // Another state folder and another sink: the slot's changes are gone, the position is the start.
                try bench.run("select pg_create_logical_replication_slot('\(bench.slot)_2', 'pgoutput')")
                try bench.insert(101...200)
                try bench.streamUntilNow(target.url("cursor=second"), "--slot", "\(bench.slot)_2")
                try #expect(target.value("select count(*) from public.items") == "100")
                try #expect(
                    target.value("select string_agg(name, ' ' order by name) from sluice.cursors") == "second sluice"
                )
            }
        }

        @Test("C31, H79: keys that change, values out of line, deletes, truncates of tables that refer to each other")
        func changes() async throws {
            try await Bench.run("pg_changes") { bench in
                let target = try bench.target()
                let tables = """
                    create table parents (id int primary key, body text);
                    create table children (id int primary key, parent int references parents, body text);
                    alter table parents alter body set storage external;
                    """
                try bench.run(tables, "alter table children replica identity full")
                try target.run(tables)
                try bench.createSlot()
                try bench.run(
                    "insert into parents select id, repeat('long', 2000) || id from generate_series(1, 20) id",
                    "insert into children select id, id, repeat('x', 5000) from generate_series(1, 20) id",
                    // The long value stays out of line, first with the same key and then with another.
                    "alter table parents add n int",
                    "update parents set n = id",
                    "delete from children where id > 10",
                    "update parents set id = id + 100 where id > 15",
                    "update parents set id = id - 1 where id = 116",
                    "delete from parents where id = 12",
                    "update children set id = id + 50, parent = null where id = 3"
                )
                try bench.streamUntilNow(target.url())
                try bench.expectSame(["parents", "children"], in: target)
                try bench.run(
                    "truncate parents, children",
                    "insert into parents values (1, 'again', 1)",
                    "insert into children values (1, 1, 'again')"
                )
                try bench.streamUntilNow(target.url())
                try bench.expectSame(["parents", "children"], in: target)
            }
        }

        @Test("With session_replication_role=replica neither foreign keys nor triggers of the database apply")
        func asReplica() async throws {
            try await Bench.run("pg_replica") { bench in
                let target = try bench.target()
                let tables = """
                    create table parents (id int primary key);
                    create table children (id int primary key, parent int references parents deferrable);
                    """
                try bench.run(tables)
                try target.run(
                    tables,
                    """
                    create function refuse() returns trigger language plpgsql as $$ begin raise 'triggered'; end $$;
                    create trigger refuse before insert on parents for each row execute function refuse()
                    """
                )
                try bench.createSlot()
                try bench.run(
                    "begin; set constraints all deferred; insert into children values (1, 1); "
                        + "insert into parents values (1); commit"
                )
                try bench.expectRefusal(
                    bench.arguments(target.url(), ["--until", "now"]),
                    "23503",
                    "children_parent_fkey"
                )
                try bench.streamUntilNow(target.url("options=-c%20session_replication_role%3Dreplica"))
                try bench.expectSame(["parents", "children"], in: target)
            }
        }

        @Test("Tables without a key keep every row, also those that are the same, and change one row at a time")
        func withoutKey() async throws {
            try await Bench.run("pg_keyless") { bench in
                let target = try bench.target()
                try bench.run(
                    "create table notes (a char(5), b json, c float8, d text)",
                    "alter table notes replica identity full",
                    "create table log (at int, what text)",
                    "create table chosen (id int not null unique, n int primary key, body text)",
                    "alter table chosen replica identity using index chosen_id_key"
                )
                try bench.createSlot()
                try bench.run(
                    "insert into log select 1, 'same' from generate_series(1, 50)",
                    "insert into chosen values (1, 10, 'a'), (2, 20, 'b')",
                    "update chosen set n = 11 where id = 1",
                    "update chosen set id = 3 where id = 2",
                    "delete from chosen where id = 1",
                    #"insert into notes select 'ab', '{"a":  1}', 'NaN', null from generate_series(1, 3)"#,
                    #"insert into notes values ('ab', '{"a": 1}', '-0', ''), (null, null, null, null)"#,
                    "update notes set d = 'one' where ctid = (select min(ctid) from notes)",
                    "delete from notes where ctid = (select min(ctid) from notes)",
                    "update notes set d = 'none' where a is null"
                )
                try bench.streamUntilNow(target.url())
                try bench.expectSame(["notes", "log", "chosen"], in: target)
            }
        }

        @Test(
            "Random transactions over restarts: the tables are the same afterwards",
            arguments: 1...2 as ClosedRange<UInt64>
        )
        func random(seed: UInt64) async throws {
            try await Bench.run("pg_random_\(seed)") { bench in
                let target = try bench.target()
                let load = try RandomTransactions(bench, seed: seed)
                try bench.createSlot()
                for _ in 1...4 {
                    try load.run(steps: 50)
                    try bench.streamUntilNow(target.url())
                }
                // Rows that were there have a new column's default in the source, and no change tells of it.
                let own = (0..<4).map { "(select id, pad, n from own_\($0))" }
                try bench.expectSame(["(select id, pad from shared)"] + own, in: target)
                try #expect(target.value("select count(*) > 100 from shared") == "t")
            }
        }
    }
}
