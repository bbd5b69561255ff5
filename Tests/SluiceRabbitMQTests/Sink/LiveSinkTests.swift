import ConnectorTesting
import SinkTesting
import SluicePipelines
import SluicePostgres
import SluiceSinks
import SluiceSinksTesting
import Testing

@testable import SluiceRabbitMQ

/// The sink and a real server.
@Suite(.timeLimit(.minutes(5))) struct LiveSinkTests {
    static func open(_ url: String) async throws -> RabbitMQSink {
        let sink = try RabbitMQURL(url).makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        return sink
    }

    @Test func keepsTheRulesOfSinks() async throws {
        let trial = try await Trial("sink-conformance")
        try await checkSink {
            try RabbitMQURL("\(trial.server.url)?routing_key=sink-conformance").makeSink()
        } bodies: {
            try await trial.client.drain("sink-conformance").map(\.body)
        }
    }

    @Test func messagesSayWhatTheyAre() async throws {
        let trial = try await Trial("public.orders")
        let sink = try await Self.open(trial.server.url)
        let sent = message(7, action: .delete, body: "{\"a\":1}")
        #expect(try await sink.send([sent]).map(\.summary) == ["durable"])
        let got = try await trial.client.drain("public.orders")
        #expect(got.map(\.body) == ["{\"a\":1}"])
        #expect(
            got[0].metadata == [
                "exchange": "", "routing_key": "public.orders", "content_type": "application/json",
                "delivery_mode": "2", "message_id": sent.cursor.idempotencyKey, "type": "delete",
                "headers.commit_lsn": "1000", "headers.table_schema": "public", "headers.table_name": "orders",
            ]
        )
        await sink.close()
    }

    @Test func aMessageThatNoQueueGetsHasFailed() async throws {
        let trial = try await Trial("routed")
        try await trial.client.declare(exchange: "sparse", type: "topic")
        let options = RabbitMQSource.Options.Binding(exchange: "sparse", routingKey: "public.routed")
        var source = try trial.source { $0.bindings = [options] }
        try await trial.publish("start")
        try await source.take(1)[0].acknowledge()
        let sink = try await Self.open("\(trial.server.url)?exchange=sparse")
        let results = try await sink.send([
            message(1, table: "routed", key: "1"), message(2, table: "nobody", key: "2", body: "{\"secret\":1}"),
            message(3, table: "routed", key: "3"), message(4, table: nil, key: "4"),
        ])
        #expect(results.map(\.summary) == ["durable", "failed", "durable", "refused"])
        #expect(results[1].reason.contains("no queue of \"sparse\" gets \"public.nobody\""))
        #expect(results[1].reason.contains("NO_ROUTE") && !results[1].reason.contains("secret"))
        await sink.close()
    }

    @Test func aQueueThatIsFullRefuses() async throws {
        let trial = try await Trial("full", ["x-max-length": 1, "x-overflow": "reject-publish"])
        let sink = try await Self.open("\(trial.server.url)?routing_key=full")
        _ = try await sink.send([message(1)])
        let results = try await sink.send([message(2)])
        #expect(results.map(\.summary) == ["failed"])
        await sink.close()
    }

    @Test func wrongSettingsAreSaid() async throws {
        let server = try await LocalRabbitMQ.shared()
        let place = "127.0.0.1:\(server.port)"
        await expectFailure(.notAuthorized, place, "ACCESS_REFUSED", without: ["hidden"]) {
            try await Self.open("amqp://guest:hidden@\(place)")
        }
        await expectFailure(.missing, "no exchange 'nowhere'") {
            try await Self.open("\(server.url)?exchange=nowhere")
        }
        await expectFailure(.missing, "no queue 'nothing'") {
            try await Self.open("\(server.url)?routing_key=nothing")
        }
        await expectFailure(.unavailable, "cannot be reached") { try await Self.open("amqp://127.0.0.1:1") }
    }
}
