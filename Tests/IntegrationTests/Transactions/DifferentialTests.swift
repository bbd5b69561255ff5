import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("With and without streaming")
    struct DifferentialTests {
        @Test("D35, D37: random transactions give the same bytes", arguments: 1...4 as ClosedRange<UInt64>)
        func sameBytes(seed: UInt64) async throws {
            try await Bench.run("differential_\(seed)", settings: [:]) { bench in
                try bench.streamEarly()
                let load = try RandomTransactions(bench, seed: seed)
                try bench.createSlot()
                try bench.run("select pg_create_logical_replication_slot('whole_\(bench.slot)', 'pgoutput')")
                // One sees the transactions while they are open, the other one after their commits.
                let process = try bench.stream(bench.file, "--memory", "1MB")
                try bench.waitForReader()
                try load.run(steps: 200)
                try bench.wait("no files") { bench.spooledFiles().isEmpty }
                let end = try #require(try bench.value("select pg_current_wal_insert_lsn()"))
                try bench.wait(
                    "the slot at the end",
                    until: "(select confirmed_flush_lsn from pg_replication_slots where \(bench.slotIs)) >= '\(end)'"
                )
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                let whole = "file:\(bench.folder.path("whole.ndjson"))"
                try bench.streamUntilNow(whole, "--streaming", "off", "--slot", "whole_\(bench.slot)")
                #expect(try bench.streamedTransactions() > 3 && bench.streamedTransactions("whole_\(bench.slot)") == 0)
                try bench.loadDelivered(bench.folder.path("whole.ndjson"))
                try bench.run("alter table oracle.delivered rename to plain")
                try bench.loadFile()
                let differences = try bench.sql.query(
                    """
                    select n, s.raw, p.raw from oracle.delivered s full join oracle.plain p using (n)
                    where s.raw is distinct from replace(p.raw, 'whole_\(bench.slot)', '\(bench.slot)') limit 3
                    """
                )
                #expect(differences == [])
                try #expect(bench.value("select count(*) > 2000 from oracle.plain") == "t")
                try bench.expectAscending()
            }
        }
    }
}
