import Foundation
import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("A pipe that nobody reads")
    struct UnreadPipeTests {
        static let rows = 60_000

        @Test(
            "B11 to B13, B16: holds back the server's process without losing it, in constant memory; then every row arrives"
        )
        func holdsBack() async throws {
            try await Bench.run("unread_pipe") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--until", "now", "--memory", "4MB")
                let first = try bench.standstill(of: process)
                var memory: [Int] = []
                // Four times the server's patience.
                for _ in 0..<16 {
                    try bench.run("select pg_sleep(0.25)")
                    process.pump(milliseconds: 0)
                    memory.append(residentMemory(of: process))
                    let now = try bench.senderStatus()
                    #expect(now.pid == first.pid && now.sent == first.sent, "\(now) instead of \(first)")
                }
                let (low, high) = (memory.min() ?? 0, memory.max() ?? 0)
                #expect(high - low < 4 << 20 && high < 150 << 20, "memory \(memory)")
                try #expect(
                    bench.value("select reply_time > '\(first.replied)' from \(bench.senders)") == "t",
                    "it goes on to answer"
                )
                #expect(try process.waitForExit(readingOutput: true) == .status(0))
                try bench.loadOutput(of: process)
                try bench.expectAscending()
                try bench.expectAllDelivered()
            }
        }

        @Test("A4: SIGTERM ends it within its deadline; the next run delivers the rest")
        func stops() async throws {
            try await Bench.run("unread_pipe_stop") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--memory", "4MB")
                _ = try bench.standstill(of: process)
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                let undelivered = try #require(try process.last("undelivered"))
                #expect(undelivered > 0)
                #expect(try process.notices().contains("undelivered: \(undelivered) "))
                // What is in the pipe is delivered; a line that was cut comes again whole.
                while !process.output.isAtEnd { process.pump(milliseconds: 1000, readingOutput: true) }
                let next = try bench.stream("-", "--until", "now")
                #expect(try next.waitForExit(readingOutput: true) == .status(0))
                try bench.loadOutput(of: next)
                try bench.expectAscending()
                try bench.loadOutput(of: process, next)
                try #expect(
                    bench.value("select count(distinct line->'record'->>'id') from oracle.delivered")
                        == "\(Self.rows)"
                )
            }
        }

        @Test("B21: the connection is lost meanwhile: every row arrives once all the same")
        func terminated() async throws {
            try await Bench.run("unread_pipe_lost") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--until", "now", "--memory", "4MB")
                let first = try bench.standstill(of: process)
                try bench.run("select pg_terminate_backend(\(first.pid), 5000)")
                #expect(try process.waitForExit(readingOutput: true) == .status(0))
                try bench.loadOutput(of: process)
                try bench.expectAscending()
                try bench.expectAllDelivered()
            }
        }

        @Test("a reader that goes away ends it with an explanation")
        func readerGone() async throws {
            try await Bench.run("reader_gone") { bench in
                try prepare(bench)
                let process = try bench.stream("-", "--memory", "4MB")
                _ = try bench.standstill(of: process)
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

private func residentMemory(of process: SluiceProcess) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return (Int(line.filter(\.isNumber)) ?? 0) << 10
}
