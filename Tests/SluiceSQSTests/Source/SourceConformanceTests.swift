import ConnectorTesting
import SluicePipelines
import SluicePipelinesTesting
import SluiceSQS
import Testing

/// The rules of sources, against moto's server.
@Suite(.timeLimit(.minutes(5))) struct SourceConformanceTests {
    @Test func keepsTheRulesOfSources() async throws {
        let queue = try await Queue(
            "source-conformance.fifo",
            on: .shared(),
            attributes: "FifoQueue=true,VisibilityTimeout=2"
        )
        var options = SQSSource.Options()
        // moto looks once in a second.
        options.waitTimeSeconds = 2
        options.onFailure = .return
        try await checkSource { [options] in
            try SQSSource(queue.url, options: options, environment: queue.environment)
        } publish: { texts in
            try await queue.send(texts) { _ in "all" }
        } text: {
            $0.body
        }
    }
}
