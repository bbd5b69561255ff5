import ConnectorTesting
import SluicePipelines
import SluicePostgres
import SluiceRabbitMQ
import Testing

extension IntegrationTests {
    @Suite("to RabbitMQ")
    struct RabbitMQTests {
        @Test("A1, H78: the command killed again and again, the server once: nothing is lost, in order per key")
        func killed() async throws {
            try await Bench.run("rabbitmq_kill") { bench in
                let server = try await LocalRabbitMQ.start(queue: "public.items")
                try await server.sync()
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.killUnderLoad(server.url, pause: 0.5, seed: 13) {
                    // What is sent to it now reaches the system, and never the server.
                    server.freeze()
                    try bench.run("select pg_sleep(0.5)")
                    server.kill()
                    try server.restart()
                }
                try bench.loadTruth()
                try bench.loadAtLeastOnce(try await messages(of: "public.items", at: server))
                try bench.expectAllDelivered()
            }
        }

        /// Takes everything out of a queue, in its order.
        private func messages(of queue: String, at server: LocalRabbitMQ) async throws -> [BrokerMessage] {
            let count = try await server.count(queue)
            var source = try RabbitMQSource(server.url, queue: queue)
            var found: [BrokerMessage] = []
            while found.count < count {
                for message in try await source.handleDemand(count - found.count) ?? [] {
                    found.append(BrokerMessage(body: String(decoding: message.body, as: UTF8.self)))
                    try await message.acknowledge()
                }
            }
            return found
        }
    }
}
