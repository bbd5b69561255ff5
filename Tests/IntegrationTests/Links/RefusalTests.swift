import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    /// Each mistake ends the command with one message that names the object and what to do.
    @Suite("A mistake of the user")
    struct RefusalTests {
        @Test(
            "an unknown option or command, a value of the wrong kind",
            arguments: [
                (["stream", "postgres://localhost/x", "-", "--slott", "x"], ["Unknown option '--slott'", "--slot"]),
                (["strem"], ["strem", "Usage: sluice"]),
                (["stream", "postgres://localhost/x"], ["Missing expected argument '<to> ...'"]),
                (["stream", "postgres://localhost/x", "-", "--until", "soon"], ["soon", "--until <now|lsn>"]),
                (["stream", "postgres://localhost/x", "-", "--memory", "1KB"], ["--memory", "at least 1MB"]),
                (["stream", "postgres://localhost/x", "-", "--rate", "0"], ["--rate 0", "at least 1"]),
                (["stream", "postgres://localhost/x", "-", "--tables", "a,,b"], ["--tables", "a,,b"]),
            ]
        )
        func arguments(_ arguments: [String], _ words: [String]) throws {
            try refuse(arguments, words)
        }

        @Test(
            "a connection string that cannot be read never shows its password",
            arguments: [
                "postgres://me:s3cr3tword%@host/x",
                "postgres:/me:s3cr3tword@host",
                "mysql://me:s3cr3tword@host/x", "postgres://me:s3cr3tword@host/x?bogus=1", "password=s3cr3tword port",
            ]
        )
        func badURL(_ url: String) throws {
            try refuse(["stream", url, "-"], ["postgres://user@host:port/database"], secrets: ["s3cr3tword"])
        }

        @Test("a server that cannot be reached")
        func unreachable() throws {
            try refuse(
                ["stream", "postgres://me:s3cr3tword@127.0.0.1:1/shop", "-"],
                ["postgres://me@127.0.0.1:1/shop", "Connection refused", "Check host and port"],
                secrets: ["s3cr3tword"]
            )
            try refuse(
                ["stream", "postgres://me:s3cr3tword@host:port/x", "-"],
                ["postgres://me@host:port/x", "option \"port\"", "Check host and port"],
                secrets: ["s3cr3tword"]
            )
        }

        @Test(
            "a sink that does not exist or cannot be written",
            arguments: [
                ("rabbitmq://me:s3cr3tword@b/x", ["\"rabbitmq:\" is not a kind of sink", "amqp://USER@HOST"]),
                ("postgres://me:s3cr3tword@127.0.0.1:1/x", ["me@127.0.0.1:1/x cannot be written to", "refused"]),
                ("changes.ndjson", ["write file:changes.ndjson"]),
                ("file:", ["file: needs a path"]),
                ("file:/nonexistent/folder/changes.ndjson", ["/nonexistent/folder"]),
                ("file:/dev/null", ["/dev/null is not a regular file", "Give the path of a file"]),
                ("file:/proc/changes.ndjson", ["/proc/changes.ndjson"]),
                ("sqlite:/nonexistent/folder/changes.db", ["/nonexistent/folder"]),
            ]
        )
        func sinks(_ sink: String, _ words: [String]) async throws {
            try await Bench.run("sink_\(abs(sink.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) % 1_000_003 }))") { bench in
                try bench.createSlot()
                try refuse(bench.arguments(sink), words, secrets: ["s3cr3tword"])
            }
        }

        @Test("a sqlite sink that is not a database, or has a table of that name")
        func foreignFiles() async throws {
            try await Bench.run("foreign_files") { bench in
                try bench.createSlot()
                let text = bench.folder.path("text")
                try "This is no database, and it is long enough to be taken for a page of one.\n".write(
                    toFile: text,
                    atomically: true,
                    encoding: .utf8
                )
                try bench.expectRefusal(bench.arguments("sqlite:\(text)"), text, "not a database")
                try bench.expectRefusal(
                    bench.arguments("file:\(text)"),
                    text,
                    "does not start with a message of Sluice"
                )
            }
        }

        @Test("F59, F61, F63: a database, slot or publication that is missing")
        func missing() async throws {
            try await Bench.run("missing") { bench in
                let nowhere = bench.server.url(database: "nowhere")
                try bench.expectRefusal(["stream", nowhere, "-"], "no database \"nowhere\"", "Check the name")
                try bench.expectRefusal(
                    bench.arguments("-"),
                    "Publication \"sluice\" does not exist in database \"missing\"",
                    "CREATE PUBLICATION \"sluice\" FOR ALL TABLES"
                )
                try bench.run("create publication sluice for all tables")
                try bench.expectRefusal(
                    bench.arguments("-"),
                    "Slot \"slot_missing\" does not exist in database \"missing\"",
                    "pg_create_logical_replication_slot('slot_missing', 'pgoutput')"
                )
                try bench.expectRefusal(
                    bench.arguments("-", ["--create", "--slot", "Not A Slot"]),
                    "\"Not A Slot\" cannot be a slot's name",
                    "lower-case"
                )
                try bench.run("select pg_create_logical_replication_slot('slot_missing', 'test_decoding')")
                try bench.expectRefusal(bench.arguments("-"), "uses the plugin test_decoding", "another slot")
            }
        }

        @Test("F61, F64: a slot of another database; a publication that is younger than the slot")
        func wrongPlace() async throws {
            try await Bench.run("wrong_place") { bench in
                try bench.createSlot()
                let elsewhere = ["stream", bench.server.url(), "-", "--slot", bench.slot, "--create", "--publication"]
                // The publication is made by --create in the other database before the slot is looked at.
                try bench.expectRefusal(
                    elsewhere + ["wrong_place"],
                    "belongs to database \"wrong_place\"",
                    "Connect to"
                )
                try bench.run("create table items (id int primary key)", "insert into items values (1)")
                try bench.run("create publication young for all tables")
                try bench.expectRefusal(
                    bench.arguments("-", ["--publication", "young"]),
                    "young",
                    "create the publication first"
                )
            }
        }

        @Test("A10: a slot that another process reads, and a file that another sluice writes")
        func inUse() async throws {
            try await Bench.run("in_use") { bench in
                try bench.createSlot()
                let process = try bench.stream(bench.file)
                try bench.waitForReader()
                let reader = "select active_pid from pg_replication_slots where \(bench.slotIs)"
                let pid = try #require(try bench.value(reader))
                try bench.expectRefusal(
                    bench.arguments("file:\(bench.folder.path("other"))"),
                    "Slot \"slot_in_use\" is read by the server's process \(pid)",
                    "use another slot"
                )
                try bench.run("select pg_create_logical_replication_slot('second_in_use', 'pgoutput')")
                let more = ["--slot", "second_in_use", "--state", bench.folder.path("second")]
                try bench.expectRefusal(bench.arguments(bench.file, more), "out.ndjson", "Another process writes to")
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
            }
        }
    }
}
