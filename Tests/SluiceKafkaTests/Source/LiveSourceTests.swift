import KafkaTesting
import SinkTesting
import Sluice
import SluicePipelines
import SluiceSinks
import Synchronization
import Testing

@testable import SluiceKafka

/// Pipelines from a cluster in another process. It is librdkafka's own; the first join of a group takes three seconds.
@Suite(.timeLimit(.minutes(5))) struct LiveSourceTests {
    private struct Refused: Error {}

    @Test func eachMessageIsHandledOnceInOrderAndCommitted() async throws {
        let topic = try await TestTopic()
        try await topic.fill(1000)
        let first = try await topic.run(topic.source(), until: { $0.count == 1000 })
        #expect(Set(first.map(\.number)) == Set(0..<1000))
        expectOrder(first)
        #expect(try await topic.committed() == [250, 250, 250, 250])
        // Another pipeline goes on there: the first one has left, and nobody waits for its session to end.
        try await topic.fill(40, from: 1000)
        let second = try await topic.run(topic.source(), until: { $0.count == 40 })
        #expect(Set(second.map(\.number)) == Set(1000..<1040))
        #expect(try await topic.committed() == [260, 260, 260, 260])
    }

    @Test func aMessageTellsWhatTheRecordHas() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.write(
            [.init(partition: 0, key: Array("ä".utf8), value: [0, 255])],
            headers: [("a", Array("1".utf8)), ("a", Array("2".utf8)), ("b", [255])]
        )
        try await topic.write([
            .init(partition: 0, key: [0xC3], value: nil), .init(partition: 0, key: nil, value: []),
        ])
        let messages = try await topic.run(topic.source(), until: { $0.count == 3 })
        try #require(messages.count == 3)
        var metadata = messages[0].metadata
        let time = metadata.removeValue(forKey: "timestamp").flatMap { Int($0) } ?? 0
        #expect(time > 1_700_000_000_000)
        #expect(
            metadata == [
                "topic": "t", "partition": "0", "offset": "0", "timestampType": "CreateTime", "key": "ä",
                "headers.a": "2", "headers.b.base64": "/w==",
            ]
        )
        #expect(messages.map(\.body) == [[0, 255], [], []])
        #expect(messages.map(\.isKafkaTombstone) == [false, true, false])
        #expect(messages.map(\.kafkaKey) == [Array("ä".utf8), [0xC3], nil])
        #expect(messages.map(\.kafkaPartition) == ["t-0", "t-0", "t-0"])
    }

    @Test func aDrainWithoutMessagesLeavesTheGroup() async throws {
        let topic = try await TestTopic()
        let reports = Journal<KafkaSourceReport>()
        let pipeline = Pipeline(
            source: topic.source(reports),
            handler: Handling { (message: Message<[UInt8]>) in message }
        )
        try await pipeline.run { running in
            await reports.wait { $0.contains(where: \.isAssignment) }
            running.drain()
        }
        #expect(reports.entries.last?.isRevocation == true)
    }

    @Test func onlyWhatIsHandledIsCommittedWhenAPipelineIsCancelled() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.fill(30)
        // Offsets: who keeps messages keeps the consumer.
        let (handled, reports) = (Journal<Int64>(), Journal<KafkaSourceReport>())
        let clock = ContinuousClock()
        let pipeline = Pipeline(
            source: topic.source(reports),
            processors: Processors(concurrency: 1, maxDemand: 2),
            handler: Handling { (message: Message<[UInt8]>) in
                handled.add(message.offset)
                if message.offset == 20 { try await clock.sleep(for: .seconds(3600)) }
                return message
            }
        )
        await #expect(throws: CancellationError.self) {
            try await pipeline.run { running in
                await handled.wait { $0.count == 21 }
                running.cancel()
            }
        }
        // The consumer leaves by itself.
        await reports.wait { $0.contains(where: \.isRevocation) }
        let rest = try await topic.run(topic.source(), until: { $0.last?.offset == 29 })
        #expect((15...20).contains(rest.first?.offset ?? -1))
        expectOrder(rest)
        #expect(try await topic.committed() == [30])
    }

    @Test func aPartitionThatIsStuckDoesNotStopTheOthers() async throws {
        let topic = try await TestTopic(partitions: 2)
        try await topic.fill(400)
        let handled = Journal<Message<[UInt8]>>()
        let stuck = Atomic(0)
        // Each processor has room for twenty; the source gives it no more than eight.
        try await topic.run(
            topic.source { $0.maxInFlightPerPartition = 8 },
            handled,
            until: { $0.count == 400 }
        ) { message in
            guard message.metadata["partition"] == "0" else { return }
            stuck.add(1, ordering: .relaxed)
            await handled.wait { $0.count { $0.metadata["partition"] == "1" } == 200 }
        }
        #expect(handled.entries.prefix(200).count { $0.metadata["partition"] == "1" } == 200)
        #expect(try await topic.committed() == [200, 200])
    }

    @Test func aHandlerMaySpendLongerThanThePollInterval() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.fill(2)
        let reports = Journal<KafkaSourceReport>()
        let clock = ContinuousClock()
        // One message at a time: meanwhile nothing is wanted.
        let messages = try await topic.run(
            topic.source(reports) {
                $0.maxPollInterval = .seconds(6); $0.revokeTimeout = .seconds(3)
            },
            concurrency: 1,
            until: { $0.count == 2 }
        ) { message in
            if message.offset == 0 { try await clock.sleep(for: .seconds(9)) }
        }
        #expect(messages.map(\.offset) == [0, 1])
        #expect(reports.entries.count { $0.isAssignment } == 1)
        #expect(try await topic.committed() == [2])
    }

    // MARK: - Failures

    @Test func afterAFailureItsPartitionStandsStill() async throws {
        let topic = try await TestTopic(partitions: 2)
        try await topic.fill(100)
        let reports = Journal<KafkaSourceReport>()
        let journal = Journal<Message<[UInt8]>>()
        try await topic.run(topic.source(reports) { $0.maxInFlightPerPartition = 4 }, journal) {
            await reports.wait { $0.contains(where: \.isStop) }
            await journal.wait { $0.count { $0.metadata["partition"] == "1" } == 50 }
        } _: { message in
            if message.number == 20 { throw Refused() }
        }
        let handled = journal.entries
        let stopped = reports.entries.compactMap { report -> String? in
            if case .stopped(let partition, let offset, _) = report { "\(partition) \(offset)" } else { nil }
        }
        #expect(stopped == ["t-0 10"])
        // What was in flight behind it has been handled, and comes again.
        #expect(handled.count { $0.metadata["partition"] == "0" } <= 14)
        #expect(try await topic.committed() == [10, 50])
        let again = try await topic.run(topic.source(), until: { $0.count == 40 })
        #expect(again.map(\.offset) == Array(10..<50))
        #expect(try await topic.committed() == [50, 50])
    }

    @Test func aFailureMayCountAsHandled() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.fill(20)
        let handled = try await topic.run(topic.source { $0.onFailure = .commit }, until: { $0.count == 20 }) {
            message in
            if message.number % 3 == 0 { throw Refused() }
        }
        #expect(handled.map(\.number) == Array(0..<20))
        #expect(try await topic.committed() == [20])
    }

    @Test func aFailureMayBeWrittenToATopic() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.cluster.tell("topic dead 1")
        try await topic.write(
            [.init(partition: 0, key: Array("k".utf8), value: Array("bad".utf8))],
            headers: [("trace", Array("7".utf8))]
        )
        try await topic.fill(20, from: 1)
        // A broker that is short of replicas does not make it less durable: the first two tries fail.
        try await topic.cluster.tell("fail 19 19")
        let source = topic.source {
            $0.onFailure = .deadLetter(topic: "dead")
            // The drain waits for the letter, which takes long on a busy machine.
            $0.maxPollInterval = .seconds(300)
            $0.revokeTimeout = .seconds(100)
        }
        try await topic.run(source, until: { $0.count == 21 }) { if $0.text == "bad" { throw Refused() } }
        #expect(try await topic.committed() == [21])
        let letters = try await Kcat.read("dead", of: topic.cluster.brokers)
        try #require(letters.count == 1)
        #expect(letters[0].key == "k" && letters[0].payload == "bad")
        #expect(letters[0].named["trace"] == "7")
        #expect(letters[0].named["sluice.topic"] == "t" && letters[0].named["sluice.offset"] == "0")
        #expect(letters[0].named["sluice.partition"] == "0" && letters[0].named["sluice.group"] == "g")
        #expect(letters[0].named["sluice.failure"]?.contains("Refused") == true)
    }

    @Test func aMessageThatNoTopicTakesStopsItsPartition() async throws {
        let topic = try await TestTopic(partitions: 1)
        try await topic.cluster.tell("topic dead 1")
        try await topic.fill(10)
        let reports = Journal<KafkaSourceReport>()
        // Too large: it will never be taken.
        try await topic.cluster.tell("fail 10 10 10")
        let source = topic.source(reports, toleratesTrouble: true) { $0.onFailure = .deadLetter(topic: "dead") }
        try await topic.run(source, Journal()) {
            await reports.wait { $0.contains(where: \.isStop) }
        } _: { message in
            if message.number == 4 { throw Refused() }
        }
        #expect(try await topic.committed() == [4])
    }
}

extension KafkaSourceReport {
    var isAssignment: Bool { if case .assigned(let partitions) = self { !partitions.isEmpty } else { false } }
    var isStop: Bool { if case .stopped = self { true } else { false } }
    var isRevocation: Bool { if case .revoked = self { true } else { false } }
}
