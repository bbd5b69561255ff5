import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("kill -9")
    struct KillTests {
        @Test("in a loop, under a mixed load: file: has every change once and in order")
        func fileLoop() async throws {
            try await Bench.run("kill_file") { bench in
                try killLoop(bench, sink: bench.file, seed: 1) { bench.folder.size("out.ndjson") }
                try bench.loadFile()
                try bench.expectAllDelivered()
            }
        }

        @Test("in a loop, under a mixed load: sqlite: has every change once and in order")
        func sqliteLoop() async throws {
            try await Bench.run("kill_sqlite") { bench in
                let sink = "sqlite:\(bench.folder.path("out.db"))"
                try killLoop(bench, sink: sink, seed: 2) {
                    bench.folder.size("out.db") + bench.folder.size("out.db-wal")
                }
                try bench.loadSQLite()
                try bench.expectAllDelivered()
            }
        }

        @Test("and started again at once, while the server has not noticed: takes the slot over")
        func restartedAtOnce() async throws {
            try await Bench.run("kill_restart") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run("insert into items select id, 1 from generate_series(1, 60000) id")
                var process = try bench.stream(bench.file)
                for round in 1...5 {
                    if round % 2 == 0 {
                        // The server is still reading its log, and notices nothing before it has something to send.
                        try bench.waitForReader()
                    } else {
                        try bench.wait("output") { bench.folder.size("out.ndjson") > round * 2_000_000 }
                    }
                    try #require(process.isRunning, "it gave up: \(process.error.text)")
                    process.send(SIGKILL)
                    process = try bench.stream(bench.file)
                }
                try bench.wait("the end") {
                    guard process.isRunning else { throw TestFailure("it gave up: \(process.error.text)") }
                    return bench.folder.size("out.ndjson") > 30_000_000
                }
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }
    }
}

/// Kills `sluice` again and again at moments that a seed chooses, then lets it come to the end.
private func killLoop(_ bench: Bench, sink: String, seed: UInt64, size: () -> Int) throws {
    var random = SplitMix(seed: seed)
    try bench.run(Load.table)
    try bench.createSlot()
    let load = try Load(bench)
    for round in 0..<12 {
        if round == 3 || round == 8 {
            let first = 100_000 * (round + 1)
            try bench.run("insert into items select id, 1 from generate_series(\(first), \(first + 19_999)) id")
        }
        let process = try bench.stream(sink)
        let start = size()
        switch round % 4 {
        case 0:
            try bench.waitForReader()
        case 1:
            try bench.wait("a line of progress") {
                process.pump(milliseconds: 0)
                return process.error.text.contains("\"changes\"")
            }
        default:
            let growth = Int.random(in: 1...3_000_000, using: &random)
            try bench.wait("\(growth) bytes") { size() >= start + growth }
        }
        try process.killHard()
        try bench.waitForNoReader()
    }
    try load.stop()
    try bench.streamUntilNow(sink)
    try bench.loadTruth()
}
