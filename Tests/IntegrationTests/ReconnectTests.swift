import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("A lost connection")
    struct ReconnectTests {
        @Test("the server's process is ended again and again under load: nothing is lost or repeated")
        func terminated() async throws {
            try await Bench.run("terminated") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench)
                let process = try bench.stream(bench.file)
                for round in 1...5 {
                    try bench.waitForReader()
                    let start = bench.folder.size("out.ndjson")
                    try bench.wait("output") { bench.folder.size("out.ndjson") > start + 20_000 * round }
                    try bench.run(
                        "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where \(bench.slotIs)"
                    )
                }
                try load.stop()
                try finish(bench, process)
            }
        }

        @Test("the server crashes and recovers: the command goes on by itself")
        func crashed() async throws {
            try await Bench.run("crashed", settings: [:]) { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let process = try bench.stream(bench.file)
                for round in 1...3 {
                    let first = round * 100_000
                    let start = bench.folder.size("out.ndjson")
                    try bench.run("insert into items select id, 1 from generate_series(\(first), \(first + 4999)) id")
                    try bench.wait("output") { bench.folder.size("out.ndjson") > start }
                    try bench.crashServer()
                }
                try bench.run("insert into items values (1, 1)")
                try finish(bench, process)
            }
        }

        private func finish(_ bench: Bench, _ process: SluiceProcess) throws {
            let end = try #require(try bench.value("select pg_current_wal_lsn()"))
            try bench.wait(
                "the slot at the end",
                until: "(select confirmed_flush_lsn from pg_replication_slots where \(bench.slotIs)) >= '\(end)'"
            )
            process.send(SIGTERM)
            #expect(try process.waitForExit() == .status(0))
            try bench.loadFile()
            try bench.loadTruth()
            try bench.expectAllDelivered()
        }
    }
}
