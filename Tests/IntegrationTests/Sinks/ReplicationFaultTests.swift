import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("postgres: when something fails")
    struct ReplicationFaultTests {
        /// Writes down each change of the table there, once for each time that it is made.
        static let audit = """
            create table items (id int primary key, version int not null, pad text);
            create table seen (n bigint generated always as identity, change text);
            create function see() returns trigger language plpgsql as $$ begin
                insert into seen (change) values (
                    tg_op || ' ' || coalesce(new.id, old.id) || ' ' || coalesce(new.version::text, '-')
                );
                return null;
            end $$;
            create trigger see after insert or update or delete on items for each row execute function see()
            """

        /// Expects that each change of the source was made once, and in its order.
        static func expectOnce(_ bench: Bench, _ target: Target) throws {
            let truth = try bench.sql.query(
                """
                select upper(m[1]) || ' ' || m[2] || ' ' || coalesce(m[3], '-')
                from oracle.truth cross join lateral regexp_match(
                    data, ': (INSERT|UPDATE|DELETE):.* ?id\\[integer\\]:(\\d+)(?: version\\[integer\\]:(\\d+))?'
                ) m order by n
                """
            )
            let seen = try target.sql.query("select change from seen order by n")
            #expect(truth.count == seen.count)
            #expect(truth.count > 1000)
            let difference = zip(truth, seen).first { $0 != $1 }
            #expect(difference == nil)
            try bench.expectSame(["items"], in: target)
        }

        /// Starts the command and kills it, at random moments, in every second round behind a change of the target.
        ///
        /// Now and then the next one comes while the server still has the reader of the last.
        static func killAgainAndAgain(
            _ bench: Bench,
            _ target: Target,
            rounds: Int,
            seed: UInt64,
            start: () throws -> SluiceProcess
        ) throws {
            var random = SeededGenerator(seed: seed)
            for round in 0..<rounds {
                let process = try start()
                let seen = try target.value("select count(*) from seen") ?? "0"
                if round % 2 == 0 {
                    try bench.wait("changes") { try target.value("select count(*) > \(seen) from seen") == "t" }
                }
                try bench.run("select pg_sleep(\(Double.random(in: 0...0.8, using: &random)))")
                try #require(process.isRunning, "it gave up: \(process.error.text)")
                try process.killHard()
                if round % 3 != 0 { try bench.waitForNoReader() }
            }
        }

        @Test("A1, H79: killed again and again at random moments under load: every change is made once and in order")
        func killed() async throws {
            try await Bench.run("pg_kill") { bench in
                let target = try bench.target()
                try target.run(Self.audit)
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench)
                try Self.killAgainAndAgain(bench, target, rounds: Bench.isSoak ? 50 : 8, seed: 3) {
                    try bench.stream(target.url())
                }
                try load.stop()
                try bench.streamUntilNow(target.url())
                try bench.loadTruth()
                try Self.expectOnce(bench, target)
            }
        }

        @Test("A7: without its state file it goes on at the position that the database holds")
        func withoutState() async throws {
            try await Bench.run("pg_stateless") { bench in
                let target = try bench.target()
                try target.run(Self.audit)
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...600)
                try bench.streamUntilNow(target.url())
                try bench.insert(601...1200)
                try bench.streamUntilNow(target.url(), "--state", bench.folder.path("other"))
                try bench.loadTruth()
                try Self.expectOnce(bench, target)
            }
        }

        @Test("The database is stopped at once and started: the same process goes on, and nothing is made twice")
        func stopped() async throws {
            try await Bench.run("pg_stopped") { bench in
                let server = try LocalServer()
                defer { server.stop() }
                let target = try bench.target(on: server)
                try target.run(Self.audit)
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench, writers: 2)
                let process = try bench.stream(target.url())
                for _ in 1...3 {
                    let seen = try target.value("select count(*) from seen") ?? "0"
                    try bench.wait("changes") { try target.value("select count(*) > \(seen) + 500 from seen") == "t" }
                    try server.halt(.immediate)
                    try bench.run("select pg_sleep(0.3)")
                    try server.resume()
                    try target.reconnect()
                }
                try load.stop()
                try bench.waitForConfirmation(of: process)
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                #expect(try process.notices().contains("is there again: going on."))
                try bench.loadTruth()
                try Self.expectOnce(bench, target)
            }
        }

        @Test("Stopped while the database is away: ends, and says what is not delivered")
        func stoppedMeanwhile() async throws {
            try await Bench.run("pg_away") { bench in
                let server = try LocalServer()
                defer { server.stop() }
                let target = try bench.target(on: server)
                try target.run(Self.audit)
                try bench.run(Load.table)
                try bench.createSlot()
                let process = try bench.stream(target.url())
                try bench.insert(1...100)
                try bench.wait("changes") { try target.value("select count(*) = 100 from seen") == "t" }
                try server.halt(.immediate)
                try bench.insert(101...2000)
                try bench.waitForNotice("takes nothing now", of: process)
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try server.resume()
                try target.reconnect()
                try bench.streamUntilNow(target.url())
                try bench.loadTruth()
                try Self.expectOnce(bench, target)
            }
        }

        @Test("A second process is refused while the first has the database; as a standby it takes over")
        func twoProcesses() async throws {
            try await Bench.run("pg_two") { bench in
                let target = try bench.target()
                try target.run(Self.audit)
                try bench.run(Load.table)
                try bench.createSlot()
                let first = try bench.stream(target.url())
                try bench.waitForReader()
                let second = try bench.stream(target.url(), "--standby")
                try bench.waitForNotice("Standing by.", of: second)
                try bench.insert(1...1000)
                try bench.wait("changes") { try target.value("select count(*) > 0 from seen") == "t" }
                // Its slot and its state are others: only the database can tell.
                try bench.run("select pg_create_logical_replication_slot('other', 'pgoutput')")
                var arguments = bench.arguments(target.url(), ["--slot", "other"])
                arguments[arguments.firstIndex(of: bench.folder.path("state")) ?? 0] = bench.folder.path("another")
                try bench.expectRefusal(arguments, "Another sluice writes to", "cursor=")
                try first.killHard()
                try bench.insert(1001...2000)
                try bench.waitForConfirmation(of: second)
                second.send(SIGTERM)
                #expect(try second.waitForExit() == .status(0))
                try bench.loadTruth()
                try Self.expectOnce(bench, target)
            }
        }
    }
}
