import ConnectorTesting
import KafkaTesting
import SluicePostgres
import SluiceTesting
import Testing

extension IntegrationTests {
    @Suite("Several sinks: brokers and endpoints")
    struct FanOutBrokerTests {
        @Test(
            "A1, H75, H77: kill -9, a broker and an endpoint that fail, and a file: each has everything, in order per key"
        )
        func kills() async throws {
            let endpoint = Endpoint()
            let server = try await HTTPTestServer.start { try endpoint.answer($0) }
            try await Bench.run("fan_brokers") { bench in
                let cluster = try ClusterProcess()
                try cluster.tellBlocking("topic items 8")
                try bench.run(Load.table)
                try bench.createSlot()
                // The cluster in memory forgets what is beyond 5 MB of a partition.
                let topic = "kafka://\(cluster.brokers)/items?compression.type=zstd"
                let hook = "http://127.0.0.1:\(server.port)/hook#batch_size=100&concurrency=16"
                var random = SeededGenerator(seed: 17)
                let load = try Load(bench, pause: 0.1)
                for _ in 0..<3 {
                    let process = try bench.stream(bench.file, topic, hook, "--attempts", "1000")
                    try bench.waitForReader()
                    try cluster.tellBlocking("fail 6 0 7")
                    try bench.run("select pg_sleep(\(Double.random(in: 0.2...1.5, using: &random)))")
                    try process.killHard()
                    try bench.waitForNoReader()
                }
                try load.stop()
                try bench.streamUntilNow(bench.file, topic, hook, "--attempts", "1000")
                try bench.loadTruth()
                try bench.loadFile()
                try bench.expectAscending()
                try bench.expectAllDelivered()
                try bench.loadAtLeastOnce(try bench.messages(of: "items", in: cluster))
                try bench.expectAllDelivered()
                try bench.loadAtLeastOnce(endpoint.taken)
                try bench.expectAllDelivered()
            }
            try await server.stop()
        }

        @Test("C30, H77: what an endpoint behind a log refuses is among the dead letters; the file has it")
        func refused() async throws {
            let endpoint = Endpoint()
            let server = try await HTTPTestServer.start { try endpoint.answer($0) }
            try await Bench.run("fan_refused") { bench in
                try bench.writePoisoned()
                let letters = bench.folder.path("dead.ndjson")
                try bench.streamUntilNow(
                    bench.file,
                    "http://127.0.0.1:\(server.port)/hook",
                    "--dead-letter",
                    "file:\(letters)"
                )
                try bench.loadDelivered(letters)
                try #expect(bench.value("select line->'message'->'record'->>'id' from oracle.delivered") == "7")
                try bench.loadAtLeastOnce(endpoint.taken)
                try #expect(bench.value("select count(*) from oracle.delivered") == "31")
                try bench.loadFile()
                try #expect(bench.value("select count(*) from oracle.delivered") == "32")
            }
            try await server.stop()
        }
    }
}
