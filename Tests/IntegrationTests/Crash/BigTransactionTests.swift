import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("A big transaction")
    struct BigTransactionTests {
        @Test("A2: killed in its middle: the next run goes on where the file ends")
        func resumes() async throws {
            try await Bench.run("big_transaction") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run("insert into items select id, 1 from generate_series(1, 100000) id")
                for part in 1...2 {
                    let process = try bench.stream(bench.file, "--rate", "30000")
                    try bench.wait("part \(part) of the file") {
                        bench.folder.size("out.ndjson") > part * 15_000_000
                    }
                    try process.killHard()
                    try bench.waitForNoReader()
                }
                // Whole lines: what a killed write left behind them is cut at the next start.
                let file = try #require(FileManager.default.contents(atPath: bench.folder.path("out.ndjson")))
                let before = file.count { $0 == UInt8(ascii: "\n") }
                #expect(before < 100_000, "the kill came too late to be in the middle")
                // The server still holds the transaction from its start.
                let process = try bench.streamUntilNow(bench.file)
                let rest = try #require(try process.last("changes"))
                #expect(rest >= 100_000 - before - 1 && rest < 90_000, "\(rest) delivered behind \(before)")
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }
    }
}
