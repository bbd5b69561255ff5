import KafkaTesting
import SluiceKafka
import SluicePipelines
import SluicePipelinesTesting
import Testing

/// The rules of sources, against the cluster in memory.
@Suite(.timeLimit(.minutes(5))) struct SourceConformanceTests {
    @Test func keepsTheRulesOfSources() async throws {
        let topic = try await TestTopic(partitions: 1)
        let cluster = topic.cluster
        try await checkSource(failed: .areGone, redelivery: .fromTheFirst) {
            try await cluster.tell("stop -1")
            try await cluster.tell("start -1")
        } make: {
            var options = KafkaSource.Options()
            options.sessionTimeout = .seconds(6)
            options.heartbeatInterval = .seconds(1)
            options.maxPollInterval = .seconds(8)
            options.revokeTimeout = .seconds(2)
            options.commitInterval = .milliseconds(20)
            options.onFailure = .commit
            return try KafkaSource("kafka://\(cluster.brokers)/\(topic.name)", groupID: "g", options: options)
        } publish: { texts in
            try await topic.write(texts.map { .init(partition: 0, key: nil, value: Array($0.utf8)) })
        } text: {
            String(decoding: $0.body, as: UTF8.self)
        }
    }
}
