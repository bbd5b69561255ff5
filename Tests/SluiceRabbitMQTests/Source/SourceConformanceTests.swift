import ConnectorTesting
import SluicePipelines
import SluicePipelinesTesting
import SluicePostgres
import Testing

@testable import SluiceRabbitMQ

/// The rules of sources, against a real server.
@Suite(.timeLimit(.minutes(5))) struct SourceConformanceTests {
    @Test(arguments: [RabbitMQSource.Options.FailedMessage.requeue, .reject])
    func keepsTheRulesOfSources(_ onFailure: RabbitMQSource.Options.FailedMessage) async throws {
        let server = try await LocalRabbitMQ.shared()
        let client = BrokerClient(server)
        let queue = "conformance-\(onFailure)"
        try await client.declare(queue)
        var options = RabbitMQSource.Options()
        options.onFailure = onFailure
        try await checkSource(failed: onFailure == .requeue ? .comeAgain : .areGone) { [options] in
            try RabbitMQSource(server.url, queue: queue, options: options)
        } publish: { texts in
            try await client.publish(texts, to: queue)
        } text: { (message: Message<[UInt8]>) in
            String(decoding: message.body, as: UTF8.self)
        }
    }

    @Test func keepsThemWithAQuorumQueue() async throws {
        let trial = try await Trial("conformance-quorum", ["x-queue-type": "quorum"])
        try await checkSource {
            try trial.source()
        } publish: { texts in
            try await trial.client.publish(texts, to: trial.queue)
        } text: { (message: Message<[UInt8]>) in
            message.text
        }
    }

    @Test func keepsThemWhenTheServerIsKilled() async throws {
        let server = try await LocalRabbitMQ.start()
        let client = BrokerClient(server)
        try await client.declare("orders")
        try await server.sync()
        try await checkSource {
            let thread = BlockingThread()
            defer { thread.close() }
            try await thread.run {
                server.kill()
                try server.restart()
            }
        } make: {
            try RabbitMQSource(server.url, queue: "orders")
        } publish: { texts in
            try await client.publish(texts, to: "orders")
        } text: { (message: Message<[UInt8]>) in
            message.text
        }
    }
}
