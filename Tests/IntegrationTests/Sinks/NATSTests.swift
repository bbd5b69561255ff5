import NATSTesting
import SluicePostgres
import Testing

extension IntegrationTests {
    @Suite("to NATS")
    struct NATSTests {
        @Test("A1, H78: the command killed again and again, the server once: each change stored once, in order per key")
        func killed() async throws {
            try await Bench.run("nats_kill") { bench in
                let server = try NATSServer()
                let client = try await NATSClient.connect(server.url)
                try await client.createStream("changes", subjects: ["changes.>"])
                try bench.run(Load.table)
                try bench.createSlot()
                let sink = "\(server.url)/changes.{schema}.{table}"
                try bench.killUnderLoad(sink, pause: 0.1, seed: 11) {
                    // What is sent to it now reaches the system, and never the server.
                    server.freeze()
                    try bench.run("select pg_sleep(0.5)")
                    server.kill()
                    try server.start()
                }
                try bench.loadTruth()
                let stored = try await client.messages(of: "changes", header: "Nats-Msg-Id")
                #expect(Set(stored.map(\.header)).count == stored.count, "the stream drops repetitions")
                try bench.loadAtLeastOnce(stored.map { BrokerMessage(body: $0.body) })
                try bench.expectAllDelivered()
            }
        }
    }
}
