import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    /// Another server answers under the same name.
    @Suite("A server that is not the one before")
    struct FailoverTests {
        @Test("F68: promoted with the slot and everything that was delivered: goes on in the same process, and says so")
        func promotedWithSlot() async throws {
            try await Bench.run("promoted", settings: [:]) { bench in
                let process = try start(bench)
                try bench.server.halt(.fast)
                try promote(bench)
                try #expect(bench.value(Self.timeline) == "00000002")
                try bench.insert(1001...2000)
                try bench.waitForNotice("from timeline 1 to 2", of: process)
                try bench.finish(process)
            }
        }

        @Test("F68: promoted without the slot: a new one is a gap, and that is said")
        func promotedWithoutSlot() async throws {
            try await Bench.run("promoted_bare", settings: [:]) { bench in
                let process = try start(bench)
                try bench.server.halt(.fast)
                try promote(bench)
                process.send(SIGSTOP)
                try bench.run(
                    "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where \(bench.slotIs)"
                )
                try bench.waitForNoReader()
                try bench.run("select pg_drop_replication_slot('\(bench.slot)')", "set synchronous_commit = on")
                process.send(SIGCONT)
                #expect(try process.waitForExit() == .status(1))
                #expect(try process.notices().contains("does not exist"), "\(process.error.text)")
                try bench.insert(1001...2000)
                try bench.run("select pg_create_logical_replication_slot('\(bench.slot)', 'pgoutput')")
                try bench.expectRefusal(bench.arguments(bench.file), bench.slot, "will not be sent again")
            }
        }

        @Test("F69: set back to an older copy, on the same timeline: stops and explains")
        func setBack() async throws {
            try await Bench.run("set_back", settings: [:]) { bench in
                let process = try start(bench, copying: "old")
                try bench.server.halt(.fast)
                try bench.server.putBack("old")
                try bench.server.resume()
                #expect(try process.waitForExit() == .status(1))
                #expect(try process.notices().contains("set back to an older copy"))
                try bench.reconnect()
                try bench.expectRefusal(bench.arguments(bench.file), "set back to an older copy", "new state folder")
            }
        }

        @Test("F69: restored to an older point, on a new timeline: stops and explains, also when its log is longer")
        func restored() async throws {
            try await Bench.run("restored", settings: [:]) { bench in
                let process = try start(bench, copying: "old")
                try bench.server.halt(.fast)
                process.send(SIGSTOP)
                try bench.server.putBack("old")
                try promote(bench)
                try bench.insert(50_000...90_000)
                process.send(SIGCONT)
                #expect(try process.waitForExit() == .status(1))
                #expect(try process.notices().contains("left timeline 1 at"))
                try bench.expectRefusal(bench.arguments(bench.file), "left timeline 1 at", "that it does not have")
            }
        }

        @Test("F69: a server with other data under the same name: its changes are not put behind the first one's")
        func otherServer() async throws {
            try await Bench.run("other_server", settings: [:]) { bench in
                let process = try start(bench)
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                let other = try LocalServer(.init())
                defer { other.stop() }
                try Connection(ConnectionTarget(other.url())).query("create database \(bench.database)")
                let connection = try Connection(ConnectionTarget(other.url(database: bench.database)))
                try connection.query("create publication sluice for all tables")
                try connection.query("select pg_create_logical_replication_slot('\(bench.slot)', 'pgoutput')")
                try bench.expectRefusal(
                    bench.arguments(bench.file, port: other.port),
                    "out.ndjson holds the changes of slot \(bench.slot)",
                    "another sink"
                )
            }
        }

        private static let timeline = "select substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"

        private func promote(_ bench: Bench) throws {
            try bench.server.resume(asPromotedCopy: true)
            try bench.reconnect()
            try bench.wait("the promotion", until: "not pg_is_in_recovery()")
        }

        /// A command that has delivered and reported a thousand rows; a copy of the server is older than these.
        private func start(_ bench: Bench, copying name: String? = nil) throws -> SluiceProcess {
            try bench.run(Load.table)
            try bench.createSlot()
            if let name { try bench.restartServer(.fast) { try bench.server.keepCopy(name) } }
            let process = try bench.stream(bench.file)
            try bench.insert(1...1000)
            try bench.waitForConfirmation(of: process)
            return process
        }
    }
}
