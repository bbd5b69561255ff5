import ConnectorTesting
import SluiceSQS
import SluiceSinksTesting
import Testing

/// The rules of keyed sinks, against moto's server.
@Suite struct QueueConformanceTests {
    @Test func keepsTheRulesOfSinks() async throws {
        let queue = try await Queue("conformance.fifo", on: .shared(), attributes: "FifoQueue=true")
        try await checkSink {
            try SQSURL("sqs:\(queue.url)", environment: queue.environment).makeSink()
        } bodies: {
            try await queue.receive().map(\.body)
        }
    }
}
