import ConnectorTesting
import Foundation
import SluicePostgres
import SluiceTesting
import Synchronization
import Testing

extension IntegrationTests {
    @Suite("to an HTTP endpoint")
    struct WebhookTests {
        /// An endpoint that keeps what it has taken, and sometimes takes nothing.
        private final class Endpoint: Sendable {
            private struct State {
                var random = SeededGenerator(seed: 11)
                var taken: [BrokerMessage] = []
            }

            private let state = Mutex(State())

            var taken: [BrokerMessage] { state.withLock { $0.taken } }

            func answer(_ request: HTTPTestServer.Request) throws -> HTTPTestServer.Answer {
                let body = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any]
                let messages = try (body?["data"] as? [[String: Any]] ?? []).map { message in
                    let record = message["record"] as? [String: Any]
                    let text = try JSONSerialization.data(withJSONObject: message, options: .sortedKeys)
                    return BrokerMessage(
                        key: "\(record?["id"] ?? "")",
                        body: String(decoding: text, as: UTF8.self)
                    )
                }
                if messages.contains(where: { $0.body.contains("poison") }) { return .init(422, "it is poisoned") }
                return state.withLock { state in
                    switch Int.random(in: 0..<10, using: &state.random) {
                    case 0: return .init(500)
                    case 1: return .init(503, headers: [("Retry-After", "0")])
                    case 2:
                        // It has taken them, and the sender never hears of it.
                        state.taken += messages
                        return .none
                    default:
                        state.taken += messages
                        return .init(200)
                    }
                }
            }
        }

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
                try bench.run(Load.table)
                try bench.createSlot()
                try bench.run(
                    "insert into items select id, 1 from generate_series(1, 30) id",
                    "update items set version = 2, pad = 'poison' where id = 7",
                    "update items set version = 3, pad = 'well' where id = 7"
                )
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
