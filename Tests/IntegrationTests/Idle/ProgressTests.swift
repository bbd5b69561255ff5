import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Progress")
    struct ProgressTests {
        static let keys: Set<String> = [
            "changes", "changesPerSecond", "demand", "bytesInFlight", "spooledBytes", "state", "receivedLSN", "safeLSN",
            "lagBytes", "latencyMs", "rssBytes", "deadLetters",
        ]

        @Test("every line is a JSON object with exactly the documented keys")
        func keysOfEachLine() async throws {
            try await Bench.run("progress") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run("insert into items select id, 1 from generate_series(1, 3000) id")
                let process = try bench.stream(bench.file, "--rate", "1000")
                try process.waitForProgress("all changes") { $0["changes"] as? Int == 3000 }
                process.send(SIGINT)
                #expect(try process.waitForExit() == .status(0))
                let lines = try process.progress()
                for line in lines.dropLast() { #expect(Set(line.keys) == Self.keys) }
                // One transaction, whose last row came three seconds after its commit.
                let latency = lines.map { $0["latencyMs"] as? [String: Double] }
                #expect(latency.dropLast().compactMap(\.self).count == 1, "\(latency)")
                let times = try #require(latency.last ?? nil)
                #expect(Set(times.keys) == ["p50", "p99", "max"])
                #expect(try #require(times["p50"]) > 2000 && times["p50"] == times["max"], "\(times)")
                // The last one also says what was left.
                #expect(Set(try #require(lines.last).keys) == Self.keys.union(["undelivered"]))
                let changes = lines.compactMap { $0["changes"] as? Int }
                #expect(changes == changes.sorted() && changes.last == 3000)
                for line in lines {
                    #expect(["connecting", "reading", "paused", "finished"].contains(line["state"] as? String))
                    for key in ["receivedLSN", "safeLSN"] {
                        #expect(LSN(line[key] as? String ?? "") != nil, "\(key) of \(line)")
                    }
                    #expect((line["rssBytes"] as? Int ?? 0) > 1 << 20)
                }
            }
        }

        @Test("a lag that is not known is null, not missing")
        func firstLine() async throws {
            try await Bench.run("progress_first") { bench in
                try bench.createSlot()
                let process = try bench.streamUntilNow(bench.file)
                let last = try #require(try process.progress().last)
                #expect(last.keys.contains("lagBytes"))
            }
        }
    }
}
