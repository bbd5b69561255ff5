import ConnectorTesting
import SinkTesting
import SluicePostgres
import SluiceSinks
import SluiceTesting
import Testing

@testable import SluiceRabbitMQ

/// Connections, exchanges and servers that go away while messages are under way.
@Suite(.timeLimit(.minutes(5))) struct SinkFaultTests {
    /// Sends messages of different keys until all are durable, as a stream does.
    private func sendAll(_ messages: [OutgoingMessage], to sink: RabbitMQSink) async throws {
        var left = messages
        while !left.isEmpty {
            try Task.checkCancellation()
            guard let results = try await attempt(left, with: sink) else { continue }
            left = zip(left, results).filter { $0.1.summary != "durable" }.map(\.0)
        }
    }

    /// - Returns: `nil` if the broker cannot be reached.
    private func attempt(_ messages: [OutgoingMessage], with sink: RabbitMQSink) async throws -> [SendResult]? {
        do {
            return try await sink.send(messages)
        } catch let error as SinkError where error.code == .unavailable {
            return nil
        }
    }

    @Test("H78: the server is killed in the middle of a request and started again: nothing is lost")
    func nothingIsLostWhenTheServerIsKilled() async throws {
        let server = try await LocalRabbitMQ.start()
        let client = BrokerClient(server)
        try await client.declare("orders")
        try await server.sync()
        let sink = try await LiveSinkTests.open("\(server.url)?routing_key=orders")
        let messages = (0..<2000).map { message(UInt64($0), key: "\($0)") }
        async let sending: Void = {
            for start in stride(from: 0, to: messages.count, by: 500) {
                try await sendAll(Array(messages[start..<start + 500]), to: sink)
            }
        }()
        // The first request is confirmed, and must outlive the server; the second is under way.
        try await wait { try await client.ready("orders") > 700 }
        let thread = BlockingThread()
        try await thread.run {
            server.kill()
            try server.restart()
        }
        thread.close()
        try await sending
        let bodies = try await client.drain("orders").map(\.body)
        #expect(Set(bodies) == Set(messages.map { String(decoding: $0.body, as: UTF8.self) }))
        await sink.close()
    }

    @Test func aRequestOnALostConnectionIsRepeated() async throws {
        let trial = try await Trial("sink-cut")
        let proxy = try FaultProxy(to: trial.server.port)
        let sink = try await LiveSinkTests.open("amqp://127.0.0.1:\(proxy.port)?routing_key=sink-cut")
        proxy.cut()
        let messages = (0..<50).map { message(UInt64($0), key: "\($0)") }
        try await sendAll(messages, to: sink)
        let bodies = try await trial.client.drain("sink-cut").map(\.body)
        #expect(Set(bodies).count == 50)
        await sink.close()
    }

    @Test func aBrokerThatConfirmsNothingIsUnavailable() async throws {
        let trial = try await Trial("sink-silent")
        let proxy = try FaultProxy(to: trial.server.port)
        let sink = try await LiveSinkTests.open("amqp://127.0.0.1:\(proxy.port)?routing_key=sink-silent&timeout=1")
        proxy.change { $0.isHalfOpen = true }
        await expectFailure(.unavailable, "within 1.0 seconds", "no confirms") { try await sink.send([message(1)]) }
        proxy.change { $0.isHalfOpen = false }
        try await sendAll([message(1)], to: sink)
        #expect(try await trial.client.drain("sink-silent").isEmpty == false)
        await sink.close()
    }

    @Test func anExchangeThatIsDeletedEndsTheStream() async throws {
        let trial = try await Trial("sink-gone")
        try await trial.client.declare(exchange: "short-lived", type: "fanout")
        let sink = try await LiveSinkTests.open("\(trial.server.url)?exchange=short-lived")
        try await trial.client.delete(exchange: "short-lived")
        await expectFailure(.missing, "no exchange 'short-lived'") { try await sink.send([message(1)]) }
        await sink.close()
    }
}
