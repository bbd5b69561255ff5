import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("Positions without changes")
    struct IdlePositionTests {
        @Test("G71: published tables idle, others busy, no right to write: the slot follows, and nothing is written")
        func busyElsewhere() async throws {
            try await Bench.run("idle_busy", settings: [:]) { bench in
                try prepareReader(bench)
                let process = try bench.stream(as: "reader", bench.file)
                try bench.waitForReader()
                for round in 1...3 {
                    try bench.run("insert into busy select \(round), repeat('x', 200) from generate_series(1, 20000)")
                    let written = try #require(try bench.value("select pg_current_wal_insert_lsn()"))
                    try bench.run("set synchronous_commit = on", "select pg_logical_emit_message(true, 'test', '')")
                    try bench.wait(
                        "the slot behind the busy table",
                        until:
                            "(select confirmed_flush_lsn >= '\(written)' from pg_replication_slots where \(bench.slotIs))"
                    )
                }
                // Nobody else is there: what moves the log now is this process, or nothing.
                try bench.run("checkpoint")
                let before = try #require(try bench.value("select pg_current_wal_insert_lsn()"))
                let flushed = try bench.confirmedFlush
                try bench.run("select pg_sleep(3)")
                try #expect(bench.value("select pg_current_wal_insert_lsn()") == before, "something was written")
                try #expect(bench.value("select '\(bench.confirmedFlush)'::pg_lsn >= '\(flushed)'") == "t")
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                #expect(try process.last("changes") == 0)
            }
        }

        @Test("G72: an idle server: the session stays and costs next to nothing")
        func idle() async throws {
            try await Bench.run("idle", settings: [:]) { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let process = try bench.stream(bench.file)
                try bench.waitForReader()
                let sender = try bench.sender
                let start = cpuTicks(process)
                let seconds = Bench.isSoak ? 600 : 4
                try bench.run("select pg_sleep(\(seconds))")
                let used = cpuTicks(process) - start
                #expect(try bench.sender == sender && sender != nil)
                // A hundredth of a second each; a debug build that looks around once a second takes some.
                #expect(used <= seconds * 5, "\(used) hundredths of a second in \(seconds) s")
                try bench.insert(1...10)
                try bench.finish(process)
            }
        }

        @Test("G73: a change is in flight while keepalives go on: the slot stays below it")
        func inFlight() async throws {
            try await Bench.run("idle_in_flight", settings: [:]) { bench in
                try bench.run("alter database \(bench.database) set wal_sender_timeout = '1s'")
                try bench.run(Load.table, "create table busy (id int, pad text)")
                try bench.createSlot(tables: "table items")
                let process = try SluiceProcess(bench.arguments("-"))
                try bench.waitForReader()
                let first = try #require(try bench.value("select pg_current_wal_insert_lsn()"))
                // More than a pipe holds, in one transaction that begins behind that position.
                try bench.insert(1...2000)
                try bench.wait("the keepalives behind it") {
                    process.pump(milliseconds: 0)
                    try bench.run("insert into busy select id, repeat('x', 200) from generate_series(1, 1000) id")
                    let received = try process.progress().last?["receivedLSN"] as? String ?? "0/0"
                    return try bench.value("select '\(received)'::pg_lsn > '\(first)'::pg_lsn + 2000000") == "t"
                }
                // The second answer was sent when the position behind the transaction was long known.
                for answer in ["an answer", "another answer"] {
                    let last = try #require(try bench.value("select reply_time from \(bench.senders)"))
                    try bench.wait(answer, until: "(select reply_time from \(bench.senders)) > '\(last)'")
                }
                let end = try #require(try bench.value(Self.end(bench)))
                try #expect(bench.value("select '\(bench.confirmedFlush)'::pg_lsn < '\(end)'") == "t")
                try process.killHard()
                try bench.waitForNoReader()
                let next = try SluiceProcess(bench.arguments("-", ["--until", "now"]))
                #expect(try next.waitForExit(readingOutput: true) == .status(0))
                // What was in the pipe may have been noted as delivered.
                while !process.output.isAtEnd { process.pump(milliseconds: 1000, readingOutput: true) }
                try bench.loadOutput(of: process, next)
                try #expect(
                    bench.value("select count(distinct line->'record'->>'id') from oracle.delivered") == "2000"
                )
            }
        }

        /// The end of the first transaction that the oracle's slot sees.
        private static func end(_ bench: Bench) -> String {
            """
            select min(lsn) from pg_logical_slot_peek_changes('oracle_\(bench.database)', null, null, 'skip-empty-xacts', '1')
            where data like 'COMMIT%'
            """
        }

        private func prepareReader(_ bench: Bench) throws {
            try bench.run(
                Load.table,
                "create table busy (id int, pad text)",
                "create role reader login replication"
            )
            try bench.createSlot(tables: "table items")
            try bench.run(
                "revoke all on all tables in schema public from public",
                "revoke all on schema public from public"
            )
        }

        /// Processor time in hundredths of a second, as the kernel counts it.
        private func cpuTicks(_ process: SluiceProcess) -> Int {
            let text = (try? String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)) ?? ""
            let fields = text.split(separator: ")").last.map { $0.split(separator: " ") } ?? []
            return fields.count > 13 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
        }
    }
}
