import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("A hot standby")
    struct StandbyTests {
        enum Kind: String, CaseIterable {
            case file, sqlite
        }

        @Test(
            "A10: it waits in silence, and takes over when the first one is killed: nothing lost, nothing twice",
            arguments: Kind.allCases
        )
        func takesOver(_ kind: Kind) async throws {
            try await Bench.run("standby_\(kind)") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let sink = kind == .file ? bench.file : "sqlite:\(bench.folder.path("out.db"))"
                let load = try Load(bench, writers: 2)
                var active = try bench.stream(sink, "--standby")
                for _ in 1...(Bench.isSoak ? 20 : 2) {
                    try bench.waitForReader()
                    let sender = try #require(try bench.sender)
                    let next = try bench.stream(sink, "--standby")
                    try bench.waitForNotice("Standing by.", of: next)
                    #expect(try next.notices().contains("read by the server's process \(sender)"))
                    let start = size(bench)
                    try bench.wait("load") { size(bench) > start + 100_000 }
                    #expect(try next.objects().count == 1, "one line, then silence")
                    let killed = try #require(try bench.value("select clock_timestamp()"))
                    try active.killHard()
                    try bench.wait("the takeover") {
                        let now = try bench.sender
                        return now != nil && now != sender
                    }
                    let seconds = try #require(
                        try bench.value("select extract(epoch from clock_timestamp() - '\(killed)')::float8")
                    )
                    #expect(try #require(Double(seconds)) < 5)
                    active = next
                }
                try load.stop()
                try bench.waitForConfirmation(of: active)
                active.send(SIGTERM)
                #expect(try active.waitForExit() == .status(0))
                if kind == .file { try bench.loadFile() } else { try bench.loadSQLite() }
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }

        @Test("A10: the first one ends by SIGTERM: the standby goes on behind it")
        func takesOverAfterStop() async throws {
            try await Bench.run("standby_stop") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let first = try bench.stream(bench.file)
                try bench.waitForReader()
                let second = try bench.stream(bench.file, "--standby")
                try bench.waitForNotice("Standing by.", of: second)
                try bench.insert(1...1000)
                try bench.wait("output") { bench.folder.size("out.ndjson") > 100_000 }
                first.send(SIGTERM)
                #expect(try first.waitForExit() == .status(0))
                try bench.insert(1001...2000)
                try bench.finish(second)
            }
        }

        @Test("A10: the server restarts while one reads and one waits: one reads and one waits")
        func serverRestarts() async throws {
            try await Bench.run("standby_restart", settings: [:]) { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let first = try bench.stream(bench.file, "--standby")
                try bench.waitForReader()
                let second = try bench.stream(bench.file, "--standby")
                try bench.waitForNotice("Standing by.", of: second)
                try bench.insert(1...1000)
                try bench.restartServer(.immediate)
                try bench.insert(1001...2000)
                try bench.waitForReader()
                #expect(first.isRunning && second.isRunning)
                // Whoever came second at the slot waits for it now; the other one delivers.
                try bench.wait("both parts") { bench.folder.size("out.ndjson") > 400_000 }
                try bench.waitForConfirmation(of: first)
                second.send(SIGTERM)
                first.send(SIGTERM)
                #expect(try first.waitForExit() == .status(0) && second.waitForExit() == .status(0))
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }

        @Test("A10: the first one is frozen: its file is waited for, too")
        func waitsForTheFile() async throws {
            try await Bench.run("standby_frozen") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...1000)
                let first = try bench.stream(bench.file)
                try bench.waitForConfirmation(of: first)
                first.send(SIGSTOP)
                // As the network does when its machine is cut off: the server lets go of the slot and the claim.
                try bench.run(
                    """
                    select pg_terminate_backend(pid, 5000) from pg_stat_activity
                    where datname = current_database() and (backend_type = 'walsender' or application_name = 'sluice claim')
                    """
                )
                try bench.waitForNoReader()
                let second = try bench.stream(bench.file, "--standby")
                try bench.waitForNotice("Standing by.", of: second)
                #expect(try second.notices().contains("delivers slot"))
                first.send(SIGKILL)
                try bench.insert(1001...2000)
                try bench.finish(second)
            }
        }

        private func size(_ bench: Bench) -> Int {
            bench.folder.size("out.ndjson") + bench.folder.size("out.db") + bench.folder.size("out.db-wal")
        }
    }
}
