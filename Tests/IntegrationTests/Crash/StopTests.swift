import Glibc
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("A stop")
    struct StopTests {
        @Test(
            "A3: by signal under load: exit 0, and the next run goes on without repeating",
            arguments: [SIGTERM, SIGINT]
        )
        func underLoad(signal: Int32) async throws {
            try await Bench.run("stop_\(signal)") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let load = try Load(bench)
                for round in 1...3 {
                    let process = try bench.stream(bench.file)
                    let start = bench.folder.size("out.ndjson")
                    try bench.wait("output") { bench.folder.size("out.ndjson") > start + round * 200_000 }
                    process.send(signal)
                    #expect(try process.waitForExit() == .status(0))
                    #expect(try process.last("undelivered") == 0)
                    // The session was ended properly: the slot is free at once.
                    try #expect(bench.value("select active from pg_replication_slots where \(bench.slotIs)") == "f")
                }
                try load.stop()
                try bench.streamUntilNow(bench.file)
                try bench.loadFile()
                try bench.loadTruth()
                try bench.expectAllDelivered()
            }
        }

        @Test("A3: while idle: the slot stands at the end, and the next run delivers nothing")
        func whileIdle() async throws {
            try await Bench.run("stop_idle") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run("insert into items select id, 1 from generate_series(1, 1000) id")
                let process = try bench.stream(bench.file)
                try bench.wait("output") { bench.folder.size("out.ndjson") > 0 }
                try bench.waitForDelivery()
                process.send(SIGTERM)
                #expect(try process.waitForExit() == .status(0))
                let size = bench.folder.size("out.ndjson")
                let again = try bench.streamUntilNow(bench.file)
                #expect(try again.last("changes") == 0)
                #expect(bench.folder.size("out.ndjson") == size)
            }
        }
    }
}
