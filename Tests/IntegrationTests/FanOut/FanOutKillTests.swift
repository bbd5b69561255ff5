import Glibc
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("Several sinks: kill -9")
    struct FanOutKillTests {
        @Test("A1: again and again at random moments under load: both files have every change once and in order")
        func twoFiles() async throws {
            try await Bench.run("fan_kill") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let second = "file:\(bench.folder.path("second.ndjson"))"
                var random = SeededGenerator(seed: 11)
                let load = try Load(bench)
                var confirmed = try bench.confirmedFlush
                for round in 0..<(Bench.isSoak ? 50 : 6) {
                    if round == 2 { try bench.insert(100_000...139_999) }
                    let process = try bench.stream(bench.file, second)
                    if round % 2 == 0 { try bench.waitForReader() }
                    try bench.run("select pg_sleep(\(Double.random(in: 0...1.5, using: &random)))")
                    try #require(process.isRunning, "it gave up: \(process.error.text)")
                    try process.killHard()
                    try bench.waitForNoReader()
                    let next = try bench.confirmedFlush
                    try #expect(bench.value("select '\(next)'::pg_lsn >= '\(confirmed)'") == "t", "the slot went back")
                    confirmed = next
                }
                try load.stop()
                try bench.streamUntilNow(bench.file, second)
                try bench.loadTruth()
                for file in ["out.ndjson", "second.ndjson"] {
                    try bench.loadDelivered(bench.folder.path(file))
                    try bench.expectAllDelivered()
                }
            }
        }

        @Test(
            "A5: killed at each boundary: both files have every change once",
            arguments: ["read", "released", "logged", "delivered", "saved", "reported"]
        )
        func killed(at place: String) async throws {
            try await Bench.run("fan_kill_at_\(place)") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let second = "file:\(bench.folder.path("second.ndjson"))"
                let load = try Load(bench, writers: 1)
                for passing in [1, 2, 5] {
                    let process = try bench.stream(bench.file, second, failpoint: "\(place):\(passing):kill")
                    #expect(try process.waitForExit() == .signal(SIGKILL))
                    try bench.waitForNoReader()
                }
                try load.stop()
                try bench.streamUntilNow(bench.file, second)
                try bench.loadTruth()
                for file in ["out.ndjson", "second.ndjson"] {
                    try bench.loadDelivered(bench.folder.path(file))
                    try bench.expectAllDelivered()
                }
            }
        }
    }
}
