import KafkaTesting
import SinkTesting
import Sluice
import SluicePipelines
import SluiceSinks
import Testing

@testable import SluiceKafka

/// Brokers that fail, and topics that are not there.
@Suite(.timeLimit(.minutes(5))) struct SourceFaultTests {
    @Test func anOutageIsReportedAndNothingIsLost() async throws {
        let topic = try await TestTopic(partitions: 2)
        try await topic.fill(600)
        let reports = Journal<KafkaSourceReport>()
        let handled = Journal<Message<[UInt8]>>()
        async let all = topic.run(
            topic.source(reports, toleratesTrouble: true) {
                $0.commitInterval = .milliseconds(100)
                $0.maxInFlightPerPartition = 10
                $0.queuedMinMessages = 10
                $0.sessionTimeout = .seconds(20)
                $0.maxPollInterval = .seconds(20)
            },
            handled,
            until: { $0.count >= 1200 && Set($0.map(\.number)).count == 1200 }
        )
        await handled.wait { $0.count > 300 }
        try await topic.cluster.tell("stop -1")
        await reports.wait { $0.contains { if case .trouble = $0 { true } else { false } } }
        try await topic.cluster.tell("start -1")
        try await topic.fill(600, from: 600)
        #expect(Set(try await all.map(\.number)) == Set(0..<1200))
        #expect(try await topic.committed() == [600, 600])
    }

    @Test func aCommitThatFailsIsRepeated() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.fill(10)
        let reports = Journal<KafkaSourceReport>()
        // 27: the group is being rebalanced; librdkafka leaves it to the application.
        try await topic.cluster.tell("refuse 8 27 27")
        try await topic.run(topic.source(reports, toleratesTrouble: true), until: { $0.count == 10 })
        #expect(reports.entries.contains { if case .commitFailed = $0 { true } else { false } })
        #expect(try await topic.committed() == [10])
    }

    @Test(arguments: [
        ("fault t 3", SinkError.Code.missing, "does not have all topics"), ("fault t 29", .notAuthorized, "a topic"),
        ("refuse 11 30", .notAuthorized, "the group \"g\""),
        ("refuse 11 23", .badOption, "partitionAssignmentStrategy"),
        ("refuse 11 26", .badOption, "sessionTimeout"),
    ])
    func whatNeverHealsIsThrown(_ command: String, code: SinkError.Code, words: String) async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.cluster.tell(command)
        let source = topic.source(toleratesTrouble: true)
        await expectFailure(code, words) {
            try await Pipeline(source: source, handler: Handling { (message: Message<[UInt8]>) in message }).run()
        }
    }

    @Test func withoutBrokersADrainEndsAllTheSame() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.cluster.tell("stop -1")
        let reports = Journal<KafkaSourceReport>()
        let pipeline = Pipeline(
            source: topic.source(reports, toleratesTrouble: true),
            handler: Handling { (message: Message<[UInt8]>) in message }
        )
        try await pipeline.run { running in
            await reports.wait { $0.contains { if case .trouble = $0 { true } else { false } } }
            running.drain()
        }
    }
}
