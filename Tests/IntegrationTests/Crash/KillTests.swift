import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("kill -9")
    struct KillTests {
        @Test("A1: again and again at random moments under load: file: has every change once and in order")
        func fileLoop() async throws {
            try await Bench.run("kill_file") { bench in
                try killLoop(bench, sink: bench.file, seed: 1) { bench.folder.size("out.ndjson") }
                try bench.loadFile()
                try bench.expectAllDelivered()
            }
        }

        @Test("A1: again and again at random moments under load: sqlite: has every change once and in order")
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

        @Test("A1: and started again at once, while the server has not noticed: takes the slot over")
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

/// Kills `sluice` again and again at random moments, then lets it come to the end.
///
/// - Parameters:
///   - bench: Its slot is read.
///   - sink: Where the changes go.
///   - seed: Chooses the moments: right after the start, or when so many milliseconds have passed, or so much was written.
///   - size: How much is written.
private func killLoop(_ bench: Bench, sink: String, seed: UInt64, size: () -> Int) throws {
    var random = SeededGenerator(seed: seed)
    try bench.run(Load.table)
    try bench.createSlot()
    let kills = Bench.isSoak ? 50 : 5
    let begun = try #require(try bench.value("select clock_timestamp()"))
    let load = try Load(bench)
    var confirmed = try bench.confirmedFlush
    for round in 0..<kills {
        if round % 10 == 3 {
            let first = 100_000 * (round + 1)
            try bench.insert(first...first + 19_999)
        }
        let process = try bench.stream(sink)
        switch round % 5 {
        case 0:
            try bench.waitForReader()
        case 1, 2:
            let growth = Int.random(in: 1...3_000_000, using: &random)
            let start = size()
            try bench.wait("\(growth) bytes") { size() >= start + growth }
        default:
            try bench.run("select pg_sleep(\(Double.random(in: 0...2, using: &random)))")
        }
        try process.killHard()
        try bench.waitForNoReader()
        let next = try bench.confirmedFlush
        try #expect(bench.value("select '\(next)'::pg_lsn >= '\(confirmed)'") == "t", "the slot went back")
        confirmed = next
    }
    try load.stop()
    let rate = try #require(
        try bench.value(
            """
            select round((select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables where relname = 'items')
                / extract(epoch from clock_timestamp() - '\(begun)'))
            """
        )
    )
    try bench.streamUntilNow(sink)
    try bench.loadTruth()
    print("\(kills) kills of a stream to \(sink.prefix { $0 != ":" }): under \(rate) changes/s")
}
