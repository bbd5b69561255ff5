import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("A pipe that nobody reads")
    struct UnreadPipeTests {
        static let rows = 60_000

        @Test("holds back the server's process without losing it, in constant memory; then every row arrives")
        func holdsBack() async throws {
            try await Bench.run("unread_pipe") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--until", "now", "--memory", "4MB")
                let first = try standstill(bench, process)
                var memory: [Int] = []
                // Four times the server's patience.
                for _ in 0..<16 {
                    try bench.run("select pg_sleep(0.25)")
                    process.pump(milliseconds: 0)
                    memory.append(residentMemory(of: process))
                    let now = try sender(bench)
                    #expect(now.pid == first.pid && now.sent == first.sent, "\(now) instead of \(first)")
                }
                let (low, high) = (memory.min() ?? 0, memory.max() ?? 0)
                #expect(high - low < 4 << 20 && high < 150 << 20, "memory \(memory)")
                try #expect(
                    bench.value("select reply_time > '\(first.replied)' from \(senders(bench))") == "t",
                    "it goes on to answer"
                )
                #expect(try process.waitForExit(readingOutput: true) == .status(0))
                try load(bench, [process])
                try bench.expectAscending()
                try bench.expectAllDelivered()
            }
        }

        @Test("SIGTERM ends it within its deadline; the next run delivers the rest")
        func stops() async throws {
            try await Bench.run("unread_pipe_stop") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--memory", "4MB")
                _ = try standstill(bench, process)
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                let undelivered = try #require(try process.last("undelivered"))
                #expect(undelivered > 0)
                #expect(try process.notices().contains("undelivered: \(undelivered) "))
                // What is in the pipe is delivered; a line that was cut comes again whole.
                while !process.output.isAtEnd { process.pump(milliseconds: 1000, readingOutput: true) }
                let next = try bench.stream("-", "--until", "now")
                #expect(try next.waitForExit(readingOutput: true) == .status(0))
                try load(bench, [next])
                try bench.expectAscending()
                try load(bench, [process, next])
                try #expect(
                    bench.value("select count(distinct line->'record'->>'id') from oracle.delivered")
                        == "\(Self.rows)"
                )
            }
        }

        @Test("the connection is lost meanwhile: every row arrives once all the same")
        func terminated() async throws {
            try await Bench.run("unread_pipe_lost") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--until", "now", "--memory", "4MB")
                let first = try standstill(bench, process)
                try bench.run("select pg_terminate_backend(\(first.pid), 5000)")
                #expect(try process.waitForExit(readingOutput: true) == .status(0))
                try load(bench, [process])
                try bench.expectAscending()
                try bench.expectAllDelivered()
            }
        }

        @Test("a reader that goes away ends it with an explanation")
        func readerGone() async throws {
            try await Bench.run("reader_gone") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--memory", "4MB")
                _ = try standstill(bench, process)
                process.output.stopReading()
                #expect(try process.waitForExit() == .status(1))
                #expect(try process.notices().contains("standard output"))
            }
        }

        private func prepare(_ bench: Bench) throws {
            try bench.run("alter database \(bench.database) set wal_sender_timeout = '1s'", Load.table)
            try bench.createSlot()
            try bench.run("insert into items select id, 1 from generate_series(1, \(Self.rows)) id")
            try bench.loadTruth()
        }
    }
}

/// The server's process that sends to a bench's slot.
private struct Sender {
    var pid: String
    var sent: String
    var replied: String
}

private func senders(_ bench: Bench) -> String {
    "pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid where \(bench.slotIs)"
}

private func sender(_ bench: Bench) throws -> Sender {
    let row = try bench.sql.query("select pid, sent_lsn, reply_time from \(senders(bench))").first
    guard let row, let pid = row[0], let sent = row[1], let replied = row[2] else { throw TestFailure("no sender") }
    return Sender(pid: pid, sent: sent, replied: replied)
}

/// Waits until nothing moves any more: the command is paused and the buffers in between are full.
private func standstill(_ bench: Bench, _ process: SluiceProcess) throws -> Sender {
    try process.waitForProgress("a pause") { $0["state"] as? String == "paused" }
    var last = try sender(bench)
    while true {
        try bench.run("select pg_sleep(0.5)")
        let next = try sender(bench)
        if next.sent == last.sent { return next }
        last = next
    }
}

private func residentMemory(of process: SluiceProcess) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (Int(line.filter(\.isNumber)) ?? 0) << 10
}

/// Loads what processes wrote to standard output, up to the last line break of each.
private func load(_ bench: Bench, _ processes: [SluiceProcess]) throws {
    let path = bench.folder.path("output")
    var data = Data()
    for process in processes {
        let bytes = process.output.bytes
        data += bytes[..<((bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)]
    }
    try data.write(to: URL(fileURLWithPath: path))
    try bench.loadDelivered(path)
}
