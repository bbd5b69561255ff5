import ConnectorTesting
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("to an HTTP endpoint")
    struct WebhookTests {
        @Test("A1, H77: kill -9 under load, and an endpoint that often fails: all there, in order per key")
        func kills() async throws {
            let endpoint = Endpoint()
            let server = try await HTTPTestServer.start { try endpoint.answer($0) }
            try await Bench.run("webhook_kill") { bench in
                try bench.run(Load.table)
                try bench.createSlot()
                let sink = "http://127.0.0.1:\(server.port)/hook#batch_size=100&concurrency=16"
                var random = SeededGenerator(seed: 5)
                let load = try Load(bench)
                for _ in 0..<3 {
                    let process = try bench.stream(sink, "--attempts", "1000")
                    try bench.waitForReader()
                    try bench.run("select pg_sleep(\(Double.random(in: 0.2...1.2, using: &random)))")
                    try process.killHard()
                    try bench.waitForNoReader()
                }
                try load.stop()
                try bench.streamUntilNow(sink)
                try bench.loadTruth()
                try bench.loadAtLeastOnce(endpoint.taken)
                try bench.expectAllDelivered()
            }
            try await server.stop()
        }

        @Test("C30, H77: a message that is refused goes to the dead letters, and its row goes on")
        func poison() async throws {
            let endpoint = Endpoint()
            let server = try await HTTPTestServer.start { try endpoint.answer($0) }
            try await Bench.run("webhook_refused") { bench in
                try bench.writePoisoned()
                let letters = bench.folder.path("dead.ndjson")
                let process = try bench.streamUntilNow(
                    "http://127.0.0.1:\(server.port)/hook",
                    "--dead-letter",
                    "file:\(letters)"
                )
                #expect(process.error.text.contains("1 messages are not in the sink"), "\(process.error.text)")
                try bench.loadDelivered(letters)
                let row = try bench.sql.query(
                    "select line->'message'->'record'->>'id', line->>'reason' like '%it is poisoned%' from oracle.delivered"
                )
                #expect(row == [["7", "t"]])
                try bench.loadAtLeastOnce(endpoint.taken)
                try #expect(bench.value("select count(*) from oracle.delivered") == "31")
            }
            try await server.stop()
        }
    }
}
