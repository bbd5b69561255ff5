import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    /// A client that never reads keeps a server from its own exits; `--max-pause` bounds that.
    @Suite("A long pause")
    struct PauseTests {
        private static let rows = 60_000

        @Test("B18: beyond --max-pause the connection is closed; a fast stop goes through, and then every row arrives")
        func fastStop() async throws {
            try await Bench.run("pause_stop", settings: [:]) { bench in
                let process = try pause(bench, "--max-pause", "3s")
                try bench.waitForNotice("--max-pause", of: process)
                try bench.waitForNoReader()
                #expect(try process.progress().last?["state"] as? String == "paused")
                // A server that waited for this client would not end.
                try bench.restartServer(.fast)
                try expectAllOutput(bench, process)
            }
        }

        @Test("B18: before that a fast stop waits, and goes through when the pause has lasted so long")
        func fastStopWaits() async throws {
            try await Bench.run("pause_waits", settings: [:]) { bench in
                let process = try pause(bench, "--max-pause", "6s")
                // Far below the pause: so the server has not stopped, and says so.
                #expect(throws: ReplicationError.self) { try bench.server.halt(.fast, within: 1) }
                // It has been asked to, and does when the pause is over.
                try bench.server.halt(.fast)
                try bench.server.resume()
                try bench.reconnect()
                try expectAllOutput(bench, process)
            }
        }

        @Test("B18: pg_terminate_backend in a pause takes effect when it is over, and every row arrives once")
        func termination() async throws {
            try await Bench.run("pause_terminated") { bench in
                let process = try pause(bench, "--max-pause", "6s")
                let sender = try #require(try bench.sender)
                // It wants to tell its client, and waits for room to do so unless there happens to be some.
                try bench.run("select pg_terminate_backend(\(sender))")
                try bench.wait("the sender's end") { try bench.sender != sender }
                try expectAllOutput(bench, process)
            }
        }

        @Test("F62: the slot is lost in a long pause: the server can let it go, and the command says what was lost")
        func invalidation() async throws {
            let settings = ["max_slot_wal_keep_size": "1MB", "max_wal_size": "32MB", "min_wal_size": "32MB"]
            try await Bench.run("pause_lost", settings: settings) { bench in
                let process = try pause(bench, "--max-pause", "3s")
                try bench.waitForNoReader()
                for round in 1...3 {
                    try bench.insert(round * 1_000_000...round * 1_000_000 + 99_999)
                    try bench.run("select pg_switch_wal()", "checkpoint")
                }
                try #expect(
                    bench.value("select wal_status from pg_replication_slots where \(bench.slotIs)") == "lost"
                )
                #expect(try process.waitForExit(readingOutput: true) == .status(1))
                #expect(try process.notices().contains("create it again and load the tables anew"))
                try bench.expectRefusal(bench.arguments("-"), "max_slot_wal_keep_size", "load the tables anew")
            }
        }

        @Test("SIGTERM in a pause: the server is let go at once, while what is inside is still being delivered")
        func stopped() async throws {
            try await Bench.run("pause_sigterm") { bench in
                let process = try pause(bench)
                process.send(SIGTERM)
                // The pipe is not read: so the process takes its ten seconds, and the server does not.
                try bench.waitForNoReader()
                #expect(process.isRunning, "it was still delivering")
                #expect(try process.waitForExit() == .status(0))
            }
        }

        @Test("A10: closed in a pause, it keeps others from the slot until it ends")
        func keepsItsClaim() async throws {
            try await Bench.run("pause_claim") { bench in
                let process = try pause(bench, "--max-pause", "3s")
                try bench.waitForNoReader()
                try bench.expectRefusal(
                    bench.arguments("file:\(bench.folder.path("other"))"),
                    "is kept by another sluice",
                    "it is paused",
                    "--standby"
                )
                try process.killHard()
                try bench.streamUntilNow("file:\(bench.folder.path("other"))")
            }
        }

        /// A command whose output nobody reads, paused, and the server blocked in sending to it.
        private func pause(_ bench: Bench, _ options: String...) throws -> SluiceProcess {
            try bench.run(Load.table)
            try bench.createSlot()
            try bench.insert(1...Self.rows)
            let arguments = bench.arguments("-", ["--memory", "4MB"] + options)
            let process = try SluiceProcess(arguments)
            _ = try bench.standstill(of: process)
            return process
        }

        /// Reads the output until every row has come, once and in order.
        private func expectAllOutput(_ bench: Bench, _ process: SluiceProcess) throws {
            var (lines, seen) = (0, 0)
            while lines < Self.rows {
                let isAlive = process.pump(milliseconds: SluiceProcess.patience, readingOutput: true)
                guard isAlive, !process.output.isAtEnd else {
                    throw TestFailure("\(lines) rows, then nothing: \(process.error.text.suffix(2000))")
                }
                lines += process.output.bytes[seen...].count { $0 == UInt8(ascii: "\n") }
                seen = process.output.bytes.count
            }
            process.send(SIGTERM)
            #expect(try process.waitForExit(readingOutput: true) == .status(0))
            try bench.loadOutput(of: process)
            try bench.loadTruth()
            try bench.expectAllDelivered()
        }
    }
}
