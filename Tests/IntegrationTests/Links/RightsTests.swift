import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    /// What changes on the server's side while the command runs.
    @Suite("Rights and objects that change")
    struct RightsTests {
        @Test(
            "F59: the password, the right to log in or to replicate is taken away and given back: it goes on by itself"
        )
        func takenAway() async throws {
            try await Bench.run("taken_away", password: "s3cr3tword") { bench in
                try bench.run("create role reader login replication password 's3cr3tword'", Load.table)
                try bench.createSlot()
                let process = try bench.stream(as: "reader:s3cr3tword", bench.file)
                let changes = [
                    ("password 'other'", "password 's3cr3tword'", "refused the password of user \"reader\""),
                    ("nologin", "login", "does not let user \"reader\""),
                    ("noreplication", "replication", "ALTER ROLE \"reader\" REPLICATION"),
                ]
                var line = 0
                for (index, change) in changes.enumerated() {
                    try bench.waitForReader()
                    try bench.run("alter role reader \(change.0)")
                    try bench.run(
                        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'reader'"
                    )
                    try bench.waitForNotice(change.2, of: process)
                    try bench.run("select pg_sleep(1.5)", "alter role reader \(change.1)")
                    try bench.insert(index * 100 + 1...index * 100 + 50)
                    try bench.waitForReader()
                    try bench.waitForConfirmation(of: process)
                    // Each reason is told once, however often it was tried.
                    let notices = try process.notices().split(separator: "\n")[line...]
                    #expect(notices.count { $0.contains(change.2) } == 1, "\(notices)")
                    line += notices.count
                }
                #expect(!process.error.text.contains("s3cr3tword"))
                try bench.finish(process)
            }
        }

        @Test(
            "F61: the slot is dropped while it is read: stops and says so; --create does not make it anew behind its back"
        )
        func slotDropped() async throws {
            try await Bench.run("slot_dropped") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...100)
                let process = try bench.stream(bench.file, "--create")
                try bench.waitForConfirmation(of: process)
                process.send(SIGSTOP)
                try bench.run(
                    "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where \(bench.slotIs)"
                )
                try bench.waitForNoReader()
                try bench.run("select pg_drop_replication_slot('\(bench.slot)')")
                process.send(SIGCONT)
                #expect(try process.waitForExit() == .status(1))
                #expect(try process.notices().contains("Slot \"\(bench.slot)\" does not exist"))
                try #expect(bench.value("select count(*) from pg_replication_slots where \(bench.slotIs)") == "0")
                // What was committed meanwhile will never be sent: that is not to go unnoticed.
                try bench.run("set synchronous_commit = on")
                try bench.insert(101...200)
                try bench.expectRefusal(bench.arguments(bench.file, ["--create"]), bench.slot, "was moved on")
            }
        }

        @Test("F65: tables are added to and removed from the publication while it is read")
        func tablesChange() async throws {
            try await Bench.run("publication_tables") { bench in
                try bench.run(Load.table, "create table more (id int primary key, version int)")
                try bench.createSlot(tables: "table items")
                let process = try bench.stream(bench.file)
                try bench.waitForReader()
                try bench.run("insert into more values (1, 1)", "insert into items values (1, 1)")
                try bench.run("alter publication sluice add table more", "insert into more values (2, 1)")
                try bench.run("alter publication sluice drop table items", "insert into items values (2, 1)")
                try bench.run("insert into more values (3, 1)")
                try bench.waitForConfirmation(of: process)
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try bench.loadFile()
                try #expect(bench.value(Self.rows) == "items 1, more 2, more 3")
            }
        }

        @Test("F65: the publication is dropped and made anew with nothing in between: new rows flow")
        func publicationAnew() async throws {
            try await Bench.run("publication_anew") { bench in
                try bench.run(Load.table)
                try bench.createSlot(tables: "table items")
                let process = try bench.stream(bench.file)
                try bench.run("insert into items values (1, 1)")
                try bench.waitForConfirmation(of: process)
                try bench.run("begin; drop publication sluice; create publication sluice for table items; commit")
                try bench.run("insert into items values (2, 1)")
                try bench.waitForConfirmation(of: process)
                try bench.run("insert into items values (3, 1)")
                try bench.finish(process)
            }
        }

        @Test(
            "F65: the publication is dropped while it is read: stops at the first change, and says why and what to do"
        )
        func publicationDropped() async throws {
            try await Bench.run("publication_dropped") { bench in
                try bench.run(Load.table)
                try bench.createSlot(tables: "table items")
                let process = try bench.stream(bench.file)
                try bench.run("insert into items values (1, 1)")
                try bench.waitForConfirmation(of: process)
                try bench.run("drop publication sluice", "insert into items values (2, 1)")
                #expect(try process.waitForExit() == .status(1))
                #expect(try process.notices().contains("create the publication first"))
            }
        }

        private static let rows = """
            select string_agg(format('%s %s', line->'metadata'->>'table_name', line->'record'->>'id'), ', ' order by n)
            from oracle.delivered
            """
    }
}
