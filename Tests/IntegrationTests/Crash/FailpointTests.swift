import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    /// The command ends, or a stage fails, at an exact place.
    @Suite("A failure at a boundary")
    struct FailpointTests {
        static let places = ["read", "decoded", "released", "delivered", "saved", "reported"]

        @Test(
            "A5, G74: killed at each boundary: file: has every change once, and nothing reported is missed",
            arguments: places
        )
        func killed(at place: String) async throws {
            try await Bench.run("kill_at_\(place)") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench, writers: 1)
                for passing in [1, 2, 3] {
                    let process = try bench.stream(bench.file, failpoint: "\(place):\(passing):kill")
                    #expect(try process.waitForExit() == .signal(SIGKILL))
                    // What the server was told must be there already, without the server's help.
                    let confirmed = try bench.confirmedFlush
                    try bench.waitForNoReader()
                    try expectFileHolds(bench, upTo: confirmed)
                }
                try load.stop()
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }

        @Test(
            "A5: killed when the sink has a batch and nobody knows: sqlite: has it once; - repeats it with the same keys"
        )
        func killedBehindTheSink() async throws {
            try await Bench.run("kill_behind") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.insert(1...2000)
                let sink = "sqlite:\(bench.folder.path("out.db"))"
                let process = try bench.stream(sink, failpoint: "delivered:1:kill")
                #expect(try process.waitForExit() == .signal(SIGKILL))
                try bench.streamUntilNow(sink)
                try bench.loadSQLite()
                try bench.loadTruth()
                try bench.expectAllDelivered()

                try bench.run("select pg_create_logical_replication_slot('pipe_\(bench.slot)', 'pgoutput')")
                try bench.insert(3001...3100)
                let pipe = ["--slot", "pipe_\(bench.slot)"]
                let first = try SluiceProcess(
                    bench.arguments("-", pipe),
                    environment: ["SLUICE_FAILPOINT=delivered:1:kill"]
                )
                #expect(try first.waitForExit(readingOutput: true) == .signal(SIGKILL))
                let second = try SluiceProcess(bench.arguments("-", pipe + ["--until", "now"]))
                #expect(try second.waitForExit(readingOutput: true) == .status(0))
                let keys = second.output.lines.compactMap(Self.key)
                #expect(keys.count == 100 && Set(keys).count == 100)
                #expect(!first.output.lines.isEmpty, "it had delivered something")
                #expect(first.output.lines.compactMap(Self.key) == Array(keys.prefix(first.output.lines.count)))
            }
        }

        @Test(
            "A9: a processor fails, and so does every other stage: its stages start again and lose nothing",
            arguments: places
        )
        func failed(at place: String) async throws {
            try await Bench.run("fail_at_\(place)") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench, writers: 1)
                let process = try bench.stream(bench.file, failpoint: "\(place):3:fail")
                try bench.waitForNotice("The failpoint \(place) was reached.", of: process)
                try bench.waitForReader()
                try load.stop()
                try bench.finish(process)
                #expect(try process.notices().contains("Starting again from the last position that is durable."))
            }
        }

        private static func key(_ line: String) -> String? {
            line.firstMatch(of: /"idempotency_key": ?"([^"]+)"/).map { String($0.output.1) }
        }

        /// Expects every change of each transaction that the server will not send again.
        ///
        /// The file has the changes in the order of their commits, which the end compares; so their number says it.
        private func expectFileHolds(_ bench: Bench, upTo confirmed: String) throws {
            let safe = try bench.value(
                """
                with lines as (
                    select lsn, xid::text xid, data from pg_logical_slot_peek_changes(
                        'oracle_\(bench.database)', null, null, 'include-xids', '0', 'skip-empty-xacts', '1'
                    )
                ), transactions as (
                    select max(lsn) filter (where data like 'COMMIT%') "end",
                        count(*) filter (where data like 'table %') count
                    from lines group by xid
                )
                select coalesce(sum(count), 0) from transactions where "end" <= '\(confirmed)'
                """
            )
            let data = (try? Data(contentsOf: URL(fileURLWithPath: bench.folder.path("out.ndjson")))) ?? Data()
            let count = data.count { $0 == UInt8(ascii: "\n") }
            #expect(try #require(safe.flatMap { Int($0) }) <= count, "reported at \(confirmed) and not in the file")
        }
    }
}
