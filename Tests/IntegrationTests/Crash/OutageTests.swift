import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("An outage")
    struct OutageTests {
        @Test("A6: the server is stopped at once, and started: the same process goes on, nothing comes twice")
        func stoppedImmediately() async throws {
            try await Bench.run("stop_immediate", settings: [:]) { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let process = try bench.stream(bench.file)
                var hasFallenBack = false
                for round in 1...3 {
                    let start = bench.folder.size("out.ndjson")
                    try bench.insert(round * 100_000...round * 100_000 + 4999)
                    try bench.wait("output") { bench.folder.size("out.ndjson") > start + 500_000 }
                    try bench.waitForConfirmation(of: process)
                    let confirmed = try bench.confirmedFlush
                    // A moment in which the command cannot reach it, to see what the server remembers by itself.
                    process.send(SIGSTOP)
                    try bench.restartServer(.immediate)
                    if try bench.value("select '\(bench.confirmedFlush)'::pg_lsn < '\(confirmed)'") == "t" {
                        hasFallenBack = true
                    }
                    process.send(SIGCONT)
                }
                #expect(hasFallenBack, "the server remembers all by itself: the test shows nothing")
                try bench.finish(process)
            }
        }

        @Test("F66: a link that swallows everything and is never closed: noticed, and left for another")
        func halfOpen() async throws {
            try await Bench.run("half_open") { bench in
                try prepare(bench)
                let proxy = try FaultProxy(to: bench.server.port)
                let load = try Load(bench, writers: 1)
                let process = try bench.stream(bench.file, port: proxy.port)
                try bench.wait("output") { bench.folder.size("out.ndjson") > 100_000 }
                let accepted = proxy.acceptedCount
                proxy.change { $0.isHalfOpen = true }
                // Twice the server's patience and more: nobody is told anything.
                try bench.waitForNotice("has not answered for", of: process)
                try bench.wait("another attempt") { proxy.acceptedCount > accepted }
                proxy.change { $0.isHalfOpen = false }
                try load.stop()
                try bench.finish(process)
            }
        }

        @Test("F67: a proxy that resets each connection after a second: every cycle makes progress")
        func resetAgainAndAgain() async throws {
            try await Bench.run("resets") { bench in
                try prepare(bench)
                let proxy = try FaultProxy(to: bench.server.port)
                let load = try Load(bench, writers: 1)
                proxy.change { $0.lifetime = .seconds(1) }
                let process = try bench.stream(bench.file, port: proxy.port)
                var sizes = [0]
                for _ in 1...(Bench.isSoak ? 60 : 4) {
                    let accepted = proxy.acceptedCount
                    try bench.wait("another session") { proxy.acceptedCount > accepted + 1 }
                    let last = sizes.last ?? 0
                    try bench.wait("progress behind \(last)") { bench.folder.size("out.ndjson") > last }
                    sizes.append(bench.folder.size("out.ndjson"))
                }
                try load.stop()
                proxy.change { $0 = NetworkFaults() }
                try bench.finish(process)
            }
        }

        @Test("a slow link with delays, cut in between: complete and in order")
        func slowLink() async throws {
            try await Bench.run("slow_link") { bench in
                try prepare(bench)
                try bench.insert(1...3000)
                let proxy = try FaultProxy(to: bench.server.port)
                proxy.change { faults in
                    faults.delay = .milliseconds(20)
                    faults.bytesPerSecond = 400_000
                }
                let process = try bench.stream(bench.file, port: proxy.port)
                for part in 1...2 {
                    try bench.wait("output") { bench.folder.size("out.ndjson") > part * 200_000 }
                    proxy.cut()
                }
                proxy.change { $0 = NetworkFaults() }
                try bench.finish(process)
            }
        }

        private func prepare(_ bench: Bench) throws {
            try bench.run("alter database \(bench.database) set wal_sender_timeout = '2s'", Load.table)
            try bench.createSlot()
        }
    }
}
