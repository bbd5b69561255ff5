import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("postgres: refuses")
    struct ReplicationRefusalTests {
        /// A stream of one row, with its source.
        private func prepare(_ bench: Bench) throws -> Target {
            try bench.run("create table items (id int primary key, body text, amount bigint)")
            try bench.createSlot()
            try bench.run("insert into items values (1, 'private words', 5000000000)")
            return try bench.target()
        }

        @Test("The source itself")
        func sourceItself() async throws {
            try await Bench.run("pg_itself") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let own = "postgres://postgres@127.0.0.1:\(bench.server.port)/\(bench.database)"
                try bench.expectRefusal(
                    bench.arguments(own, ["--until", "now"]),
                    "is the database that the changes come from"
                )
            }
        }

        @Test("Rights that are missing, with the statement that grants them; the password is never shown")
        func rights() async throws {
            try await Bench.run("pg_rights") { bench in
                let target = try prepare(bench)
                let role = "writer_\(bench.database)"
                try target.run("create role \(role) login password 'tops3cret'", "create schema shop")
                let options = ["--until", "now"]
                let url = target.url("schema=shop&password=tops3cret", user: role)
                func expect(_ words: String...) throws {
                    let secrets = ["tops3cret", "private words", "5000000000"]
                    try refuse(bench.arguments(url, options), words, secrets: secrets)
                }
                try expect("may not make the schema sluice", "CREATE SCHEMA sluice AUTHORIZATION \(role)")
                try target.run("create schema sluice authorization \(role)")
                try expect("permission denied for schema shop", #"create table "shop"."items""#)
                try target.run(
                    "create table shop.items (id int primary key, body text)",
                    "grant usage on schema shop to \(role)"
                )
                try expect(#"alter table "shop"."items" add column "amount" bigint"#)
                try target.run("alter table shop.items add amount bigint")
                try expect("permission denied for table items", #"GRANT SELECT, INSERT, UPDATE, DELETE"#)
                try target.run("grant all on shop.items to \(role)")
                try target.run("alter table shop.items alter amount type int")
                try expect("A value does not fit its column", #"ALTER TABLE "shop"."items""#, "22003")
                try target.run("alter table shop.items alter amount type bigint, add check (amount < 10)")
                try expect("the constraint", "items_amount_check", "23514")
                try target.run("alter table shop.items drop constraint items_amount_check, drop constraint items_pkey")
                try expect("42P10", "ADD PRIMARY KEY")
                try target.run("alter table shop.items add primary key (id)")
                try bench.streamUntilNow(url)
                try #expect(target.value("select body from shop.items") == "private words")
            }
        }

        @Test("H79: a row that does not fit goes to sluice.dead_letters if that is wanted, and the stream goes on")
        func deadLetters() async throws {
            try await Bench.run("pg_dead_letters") { bench in
                let target = try prepare(bench)
                try target.run("create table items (id int primary key, body text, amount int)")
                try bench.run("insert into items select id, 'fits', id from generate_series(2, 1000) id")
                let process = try bench.streamUntilNow(target.url("dead_letters=on"))
                #expect(try process.notices().contains("Put aside in sluice.dead_letters: A value does not fit"))
                try #expect(target.value("select count(*) from items where id > 1") == "999")
                try #expect(
                    target.value("select message::jsonb->'record'->>'amount' from sluice.dead_letters") == "5000000000"
                )
                try bench.run("update items set amount = 1 where id = 1")
                try bench.streamUntilNow(target.url("dead_letters=on"))
                try #expect(target.value("select body from items where id = 1") == "private words")
            }
        }

        @Test("Another source's position, and a URL that cannot be used")
        func otherSource() async throws {
            try await Bench.run("pg_other_source") { bench in
                let target = try prepare(bench)
                try bench.streamUntilNow(target.url())
                try target.run("update sluice.cursors set slot = 'somebody'")
                try bench.expectRefusal(bench.arguments(target.url(), ["--until", "now"]), "belongs to slot somebody")
                for (url, words) in [
                    (target.url("schema="), "The option schema"), (target.url("cursor=a&cursor=b"), "twice"),
                    (target.url("nonsense=1"), "libpq does not know"), (target.url("dead_letters=1"), "on or off"),
                    ("postgres:x", "postgres://USER@HOST"),
                    (target.url("host=127.0.0.1&port=1"), "No connection to"),
                ] {
                    try bench.expectRefusal(bench.arguments(url, ["--until", "now"]), words)
                }
            }
        }

        @Test("Two tables that would come into one")
        func collision() async throws {
            try await Bench.run("pg_collision") { bench in
                let target = try bench.target()
                try bench.run(
                    "create schema a; create table a.t (id int primary key); create schema b; create table b.t (id int primary key)"
                )
                try bench.createSlot()
                try bench.run("insert into a.t values (1)", "insert into b.t values (2)")
                try bench.expectRefusal(
                    bench.arguments(target.url("schema=x"), ["--until", "now"]),
                    "would come into one table",
                    "--tables"
                )
            }
        }
    }
}
