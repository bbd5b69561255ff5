import KafkaTesting
import SluiceSinksTesting
import Testing

@testable import KafkaMockCluster
@testable import SluiceKafka

/// The rules of keyed sinks, against a cluster in memory.
@Suite(.timeLimit(.minutes(5))) struct KafkaConformanceTests {
    @Test func keepsTheRulesOfSinks() async throws {
        let cluster = try MockCluster()
        // It keeps no more than 5 MB in a partition.
        cluster.createTopic("conformance", partitions: 64)
        let url = try KafkaURL("kafka://\(cluster.brokers)/conformance")
        try await checkSink {
            url.makeSink()
        } bodies: {
            try await Kcat.read("conformance", of: url.settings.brokers.description).compactMap(\.payload)
        }
        // Until here somebody refers to it.
        _ = cluster.brokers
    }
}
