import SluicePostgres
import Testing

extension IntegrationTests {
    /// Each thing that the server denies ends the command with one message that names the object and what to do.
    @Suite("A refusal of the server")
    struct ServerRefusalTests {
        @Test("F59: a wrong password, a role that may not log in or not replicate; no password is shown")
        func rights() async throws {
            try await Bench.run("rights", password: "s3cr3tword") { bench in
                try bench.createSlot()
                try bench.run("create role reader login password 's3cr3tword'")
                let port = bench.server.port
                func url(_ login: String) -> String { "postgres://\(login)@127.0.0.1:\(port)/rights" }
                let secrets = ["s3cr3tword", "wr0ngword"]
                let wrong = ["stream", url("reader:wr0ngword"), "-"]
                try refuse(wrong, ["refused the password of user \"reader\"", "Check the password"], secrets: secrets)
                try refuse(["stream", url("reader"), "-"], ["wants a password of user \"reader\"", "PGPASSWORD"])
                try refuse(
                    ["stream", url("reader:s3cr3tword"), "-"],
                    ["User \"reader\" may not replicate", "ALTER ROLE \"reader\" REPLICATION"],
                    secrets: secrets
                )
                try refuse(
                    ["stream", url("nobody:s3cr3tword"), "-"],
                    ["nobody", "Check"],
                    secrets: secrets
                )
                // The same with the password in the environment, and then all is well.
                try bench.run("alter role reader replication")
                let process = try SluiceProcess(
                    [
                        "stream", url("reader"), bench.file, "--slot", bench.slot, "--until", "now", "--state",
                        bench.folder.path("state"),
                    ],
                    environment: ["PGPASSWORD=s3cr3tword"]
                )
                #expect(try process.waitForExit() == .status(0), "\(process.error.text)")
                #expect(!process.error.text.contains("s3cr3tword"))
            }
        }

        @Test("a server whose log is not logical")
        func walLevel() async throws {
            try await Bench.run("wal_level", settings: ["wal_level": "replica"]) { bench in
                try bench.expectRefusal(
                    bench.arguments("-", ["--create"]),
                    "127.0.0.1:\(bench.server.port)",
                    "ALTER SYSTEM SET wal_level = logical",
                    "restart the server"
                )
            }
        }

        @Test("all slots taken: names some that nobody reads")
        func slotsFull() async throws {
            try await Bench.run("slots_full", settings: ["max_replication_slots": "1"]) { bench in
                try bench.run("select pg_create_logical_replication_slot('idle_one', 'pgoutput')")
                try bench.expectRefusal(
                    bench.arguments("-", ["--create"]),
                    "\"slot_slots_full\" cannot be created",
                    "idle_one",
                    "max_replication_slots"
                )
            }
        }
    }
}
