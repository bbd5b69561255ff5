import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Transactions that are received while they are open")
    struct OpenTransactionTests {
        @Test("D35: three giants are open and small ones pass them; each giant comes after its commit")
        func giants() async throws {
            try await Bench.run("giants") { bench in try letThemPass(bench) }
        }

        private func letThemPass(_ bench: Bench) throws {
            try bench.run(Load.table)
            try bench.streamEarly()
            try bench.createSlot()
            let giants = [try bench.connect(), try bench.connect(), try bench.connect()]
            let process = try bench.stream(bench.file, "--memory", "1MB")
            try bench.waitForReader()
            for round in 0..<4 {
                for (number, giant) in giants.enumerated() {
                    if round == 0 { try giant.query("begin") }
                    try giant.query(Bench.insert((number + 1) * 1_000_000 + round * 5000, 5000))
                }
                try bench.run(Bench.insert(round, 1))
            }
            try bench.waitForSpooled(3)
            try bench.wait("the small ones") { bench.lines() == 4 }
            try process.waitForProgress("bytes of open transactions") { $0["spooledBytes"] as? Int ?? 0 > 6_000_000 }
            for giant in [giants[1], giants[2], giants[0]] { try giant.query("commit") }
            try bench.run(Bench.insert(9, 1))
            try bench.wait("all of them") { bench.lines() == 60_005 }
            try bench.wait("no files") { bench.spooledFiles().isEmpty }
            #expect(try process.progress().allSatisfy { ($0["bytesInFlight"] as? Int ?? 0) <= 1 << 20 })
            process.send(SIGTERM)
            #expect(try process.waitForExit() == .status(0))
            try bench.expectStreamed(3)
            try bench.expectIntact()
        }

        @Test("D36: a giant that is rolled back delivers nothing, and its file is removed")
        func rolledBack() async throws {
            try await Bench.run("giant_rollback") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                let process = try bench.stream(bench.file)
                try bench.waitForReader()
                let giant = try bench.connect()
                for end in ["rollback", "commit"] {
                    try giant.query("begin")
                    try giant.query(Bench.insert(1, 10_000))
                    try giant.query("savepoint a; update items set version = 2; delete from items where id % 3 = 0")
                    try bench.waitForSpooled(1)
                    try giant.query(end)
                    try bench.wait("no files") { bench.spooledFiles().isEmpty }
                    if end == "rollback" { #expect(bench.lines() == 0) }
                }
                try bench.wait("the other one") { bench.lines() == 23_333 }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try bench.expectIntact()
            }
        }

        @Test("D37: savepoints three deep, some of them rolled back: exactly what survives, with its own indices")
        func savepoints() async throws {
            try await Bench.run("savepoints") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                let process = try bench.stream(bench.file)
                try bench.waitForReader()
                let giant = try bench.connect()
                try giant.query("begin")
                var first = 1
                var expected = 0
                func insert(_ survives: Bool) throws {
                    try giant.query(Bench.insert(first, 1000))
                    first += 1000
                    if survives { expected += 1000 }
                }
                for round in 0..<4 {
                    try insert(true)
                    try giant.query("savepoint a")
                    try insert(round != 2)
                    try giant.query("savepoint b")
                    try insert(false)
                    try giant.query("savepoint c")
                    try insert(false)
                    try giant.query(round == 0 ? "rollback to c; release c" : "release c")
                    try insert(false)
                    try giant.query("rollback to b")
                    try insert(round != 2)
                    try giant.query(round == 2 ? "rollback to a" : "release a")
                }
                try insert(true)
                try bench.waitForSpooled(1)
                try giant.query("commit")
                try bench.wait("what survives") { bench.lines() == expected }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try bench.expectStreamed(1)
                try bench.expectIntact()
                let rows = try bench.sql.query(
                    "select min((line->'metadata'->>'commit_idx')::int), max((line->'metadata'->>'commit_idx')::int)"
                        + " from oracle.delivered"
                )
                #expect(rows == [["0", "\(expected - 1)"]])
            }
        }

        @Test("D38: killed while a giant is open, and while it is delivered: the file has everything once")
        func killed() async throws {
            try await Bench.run("giant_killed") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                let giant = try bench.connect()
                try giant.query("begin")
                try giant.query(Bench.insert(1, 20_000))
                var process = try bench.stream(bench.file)
                try bench.waitForSpooled(1)
                try process.killHard()
                #expect(bench.spooledFiles().count == 1, "nobody was there to remove it")
                try giant.query(Bench.insert(20_001, 40_000))
                try bench.waitForNoReader()
                process = try bench.stream(bench.file, "--rate", "20000")
                try bench.waitForSpooled(1)
                try giant.query("commit")
                try bench.wait("a part of it") { bench.folder.size("out.ndjson") > 4_000_000 }
                try process.killHard()
                #expect(bench.lines() < 60_000, "the kill came too late to be in the middle")
                try bench.waitForNoReader()
                try bench.streamUntilNow(bench.file)
                #expect(bench.spooledFiles() == [])
                #expect(try bench.streamedTransactions() > 0)
                try bench.expectIntact()
            }
        }

        @Test("the files may take no more than they are given: then everything comes after its commit, and it is told")
        func limited() async throws {
            try await Bench.run("spool_limited") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                let process = try bench.stream(bench.file, "--spool-size", "1MB")
                try bench.waitForReader()
                let giant = try bench.connect()
                try giant.query("begin")
                try giant.query(Bench.insert(1000, 3000))
                try bench.waitForSpooled(1)
                try bench.run(Bench.insert(1, 1))
                try giant.query(Bench.insert(4000, 20_000))
                try bench.wait("no files") { bench.spooledFiles().isEmpty }
                try bench.run(Bench.insert(2, 1))
                try bench.wait("the small ones") { bench.lines() == 2 }
                try giant.query("commit")
                try bench.wait("the giant") { bench.lines() == 23_002 }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                let notices = try process.notices()
                #expect(notices.contains("1 MB") && notices.contains("--spool-size"), "\(notices)")
                try bench.expectIntact()
            }
        }

        @Test("a folder that cannot be made for them: everything comes after its commit, and it is told")
        func unusable() async throws {
            try await Bench.run("spool_unusable") { bench in
                try bench.run(Load.table)
                try bench.streamEarly()
                try bench.createSlot()
                try bench.streamUntilNow(bench.file)
                let claim = try #require(bench.stateFiles().first { $0.hasSuffix(".lock") })
                let path = bench.folder.path("state/\(claim.dropLast(5)).spool")
                #expect(symlink("/dev/null", path) == 0)
                let process = try bench.stream(bench.file)
                try bench.waitForReader()
                try bench.run(Bench.insert(1, 20_000))
                try bench.wait("the giant") { bench.lines() == 20_000 }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                #expect(try process.notices().contains(path))
                try bench.expectIntact()
            }
        }
    }
}
