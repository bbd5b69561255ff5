import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("A lost connection")
    struct ReconnectTests {
        @Test("A6: the server's process is ended again and again under load: nothing is lost or repeated")
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
                try bench.finish(process)
            }
        }

        @Test("A6: the server crashes and recovers: the command goes on by itself")
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
                try bench.finish(process)
            }
        }
    }
}
