import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Several sinks")
    struct FanOutTests {
        @Test("B17: a sink that fails does not stop the other, and gets all that it lacks when it is back")
        func deadSink() async throws {
            try await Bench.run("fan_dead") { bench in
                let process = try startWithDeadSink(bench)
                try bench.insert(1001...30_000)
                try bench.waitForConfirmation(of: process)
                try waitForLines(bench, "out.ndjson", 30_000)
                let state = try #require(try branch("second.ndjson", of: process))
                #expect(state["state"] as? String == "failing" && (state["behindBytes"] as? Int ?? 0) > 1 << 20)
                #expect((state["reason"] as? String)?.contains("is a folder") == true)
                try revive(bench)
                try waitForLines(bench, "second.ndjson", 29_000)
                try stop(process)
                try expectBoth(bench)
            }
        }

        @Test("B17: pause: when the log has used up its disk the slot waits for the sink that fails; nothing is lost")
        func pause() async throws {
            try await Bench.run("fan_pause") { bench in
                let process = try startWithDeadSink(bench, "--spill-size", "1MB")
                try bench.insert(1001...30_000)
                try bench.waitForNotice("The log has used up its disk", of: process)
                try process.waitForProgress("a pause") { $0["state"] as? String == "paused" }
                // What is in the log is delivered, and no more.
                let count = try lines(bench, "out.ndjson")
                #expect(count > 1000 && count < 29_000)
                #expect(try process.last("logBytes") ?? 0 <= 1 << 20)
                let isBehind = "select confirmed_flush_lsn < pg_current_wal_lsn() from pg_replication_slots where"
                #expect(try bench.value("\(isBehind) \(bench.slotIs)") == "t")
                try revive(bench)
                try waitForLines(bench, "second.ndjson", 29_000)
                try stop(process)
                try expectBoth(bench)
            }
        }

        @Test("B17: detach: the sink that fails is given up, the other goes on; only a user readmits it")
        func detach() async throws {
            try await Bench.run("fan_detach") { bench in
                let options = ["--spill-size", "1MB", "--spill-full", "detach"]
                let process = try startWithDeadSink(bench, options[0], options[1], options[2], options[3])
                for part in 0..<20 {
                    try bench.insert(1001 + part * 500...1500 + part * 500)
                    try waitForLines(bench, "out.ndjson", 1500 + part * 500)
                }
                try bench.waitForNotice("second.ndjson is detached", of: process)
                try bench.waitForNotice("--readmit", of: process)
                try stop(process)
                try revive(bench)

                // It stays so, however often the command is started.
                let again = try bench.streamUntilNow(bench.file, second(bench), options[0], options[1])
                #expect(try again.notices().contains("is detached and gets nothing"))
                #expect(!FileManager.default.fileExists(atPath: bench.folder.path("second.ndjson")))
                let only = try SluiceProcess(bench.arguments(second(bench), ["--until", "now"]))
                #expect(try only.waitForExit() == .status(1))
                #expect(try only.notices().contains("No sink is left"))

                let back = try bench.streamUntilNow(bench.file, second(bench), "--readmit", second(bench))
                #expect(try back.notices().contains("is readmitted"))
                try bench.insert(50_001...50_100)
                try bench.streamUntilNow(bench.file, second(bench))
                #expect(try lines(bench, "second.ndjson") == 100)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }

        @Test("a failed fsync of the log ends the command; the next one loses and repeats nothing")
        func failedSync() async throws {
            try await Bench.run("fan_fsync") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench, writers: 1)
                for passing in [1, 3] {
                    let process = try bench.stream(bench.file, second(bench), failpoint: "logged:\(passing):fail")
                    #expect(try process.waitForExit() == .status(1))
                    #expect(try process.notices().contains("The log cannot be made durable"))
                    try bench.waitForNoReader()
                }
                try load.stop()
                try bench.streamUntilNow(bench.file, second(bench))
                try bench.loadTruth()
                for file in ["out.ndjson", "second.ndjson"] {
                    try bench.loadDelivered(bench.folder.path(file))
                    try bench.expectAllDelivered()
                }
            }
        }

        @Test("each sink gets its tables; a table of none of them is passed by")
        func filters() async throws {
            try await Bench.run("fan_filter") { bench in
                try bench.run(Load.table, "create table other (id int primary key, version int not null)")
                try bench.run("create table third (id int primary key, version int not null)")
                try bench.createSlot()
                try bench.insert(1...300)
                try bench.run(
                    "insert into other select id, 1 from generate_series(1, 200) id",
                    "insert into third select id, 1 from generate_series(1, 100) id",
                    "truncate items, other, third"
                )
                let sinks = [
                    "\(bench.file)?tables=items", "\(second(bench))?tables=public.other,third",
                    "sqlite:\(bench.folder.path("out.db"))",
                ]
                try bench.streamUntilNow(sinks[0], sinks[1], sinks[2])
                func tables() throws -> [[String?]] {
                    try bench.sql.query(
                        """
                        select line->'metadata'->>'table_name', line->>'action', count(*) from oracle.delivered
                        group by 1, 2 order by 1, 2
                        """
                    )
                }
                try bench.loadFile()
                #expect(try tables() == [["items", "insert", "300"], ["items", "truncate", "1"]])
                try bench.expectAscending()
                try bench.loadDelivered(bench.folder.path("second.ndjson"))
                #expect(
                    try tables() == [
                        ["other", "insert", "200"], ["other", "truncate", "1"], ["third", "insert", "100"],
                        ["third", "truncate", "1"],
                    ]
                )
                try bench.expectAscending()
                try bench.loadSQLite()
                #expect(try tables().map { $0[2] } == ["300", "1", "200", "1", "100", "1"])
                try bench.expectAscending()
            }
        }

        @Test("one sink goes over to a log and gets company: it goes on where it was, and the other begins there")
        func added() async throws {
            try await Bench.run("fan_added") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...1000)
                try bench.streamUntilNow(bench.file)
                try bench.insert(1001...2000)
                try bench.streamUntilNow(bench.file, "--spill")
                try bench.insert(2001...3000)
                try bench.streamUntilNow(bench.file)
                let process = try bench.streamUntilNow(bench.file, second(bench))
                #expect(try process.notices().contains("second.ndjson gets what comes into the log from now on"))
                try bench.insert(3001...4000)
                try bench.streamUntilNow(bench.file, second(bench))
                #expect(try lines(bench, "second.ndjson") == 1000)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
                try bench.expectRefusal(bench.arguments(bench.file, [bench.file]), "named twice")
            }
        }

        @Test("CAPTURE 18: a log that is damaged below what was acknowledged stops the start")
        func damaged() async throws {
            try await Bench.run("fan_damaged") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...1000)
                try bench.streamUntilNow(bench.file, second(bench))
                let folder = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: bench.folder.path("state"))
                        .first { $0.hasSuffix(".log") }
                )
                let path = bench.folder.path("state/\(folder)")
                let segment = try #require(try FileManager.default.contentsOfDirectory(atPath: path).first)
                let url = URL(fileURLWithPath: "\(path)/\(segment)")
                var data = try Data(contentsOf: url)
                data[data.count / 2] ^= 1
                try data.write(to: url)
                try bench.expectRefusal(
                    bench.arguments(bench.file, [second(bench)]),
                    "The log in",
                    "is damaged at byte",
                    "Nothing was changed"
                )
                #expect(try Data(contentsOf: url) == data)
            }
        }

        private func second(_ bench: Bench) -> String { "file:\(bench.folder.path("second.ndjson"))" }

        /// Starts a stream to two files that both have 1000 changes; where the second one was, a folder is now.
        private func startWithDeadSink(_ bench: Bench, _ options: String...) throws -> SluiceProcess {
            try bench.run(Load.table)
            try bench.createSlot()
            try bench.insert(1...1000)
            try bench.streamUntilNow(bench.file, second(bench))
            let path = bench.folder.path("second.ndjson")
            #expect(rename(path, bench.folder.path("first.ndjson")) == 0 && mkdir(path, 0o755) == 0)
            let process = try SluiceProcess(bench.arguments(bench.file, [second(bench)] + options))
            try bench.waitForNotice("second.ndjson failed", of: process)
            return process
        }

        private func revive(_ bench: Bench) throws {
            #expect(rmdir(bench.folder.path("second.ndjson")) == 0)
        }

        private func branch(_ name: String, of process: SluiceProcess) throws -> [String: Any]? {
            var found: [String: Any]?
            try process.waitForProgress("the sinks") { line in
                found = (line["sinks"] as? [[String: Any]])?.first { ($0["sink"] as? String)?.hasSuffix(name) == true }
                return found != nil
            }
            return found
        }

        private func lines(_ bench: Bench, _ name: String) throws -> Int {
            let data = (try? Data(contentsOf: URL(fileURLWithPath: bench.folder.path(name)))) ?? Data()
            return data.count { $0 == UInt8(ascii: "\n") }
        }

        private func waitForLines(_ bench: Bench, _ name: String, _ count: Int) throws {
            try bench.wait("\(count) lines in \(name)") { try lines(bench, name) >= count }
        }

        private func stop(_ process: SluiceProcess) throws {
            process.send(SIGTERM)
            #expect(try process.waitForExit() == .status(0))
        }

        /// Expects every change in the first file, and in the second one's two parts.
        private func expectBoth(_ bench: Bench) throws {
            try bench.loadTruth()
            try bench.loadFile()
            try bench.expectAllDelivered()
            var data = try Data(contentsOf: URL(fileURLWithPath: bench.folder.path("first.ndjson")))
            data += try Data(contentsOf: URL(fileURLWithPath: bench.folder.path("second.ndjson")))
            try data.write(to: URL(fileURLWithPath: bench.folder.path("both.ndjson")))
            try bench.loadDelivered(bench.folder.path("both.ndjson"))
            try bench.expectAllDelivered()
        }
    }
}
