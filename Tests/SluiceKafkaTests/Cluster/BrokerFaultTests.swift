import CLibRDKafka
import KafkaTesting
import SinkTesting
import SluiceSinks
import Testing

@testable import KafkaMockCluster
@testable import SluiceKafka

/// What brokers do wrong while messages are under way.
///
/// A real broker refuses what is out of sequence, and drops what it has already. The cluster in memory does neither; so
/// where order after an error is tested, one message set is under way at a time.
@Suite(.timeLimit(.minutes(5))) struct BrokerFaultTests {
    @Test("H75: a broker that dies in the middle of a request, and others that lead in its place")
    func brokerDies() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t")
        let sink = try await open(
            "kafka://\(cluster.brokers)/t?batch.num.messages=20&max.in.flight=1&topic.metadata.refresh.fast.interval.ms=10"
        )
        cluster.setDelay(milliseconds: 30)
        async let results = sink.send((0..<2000).map { message(UInt64($0), key: "\($0 % 20)") })
        // What was under way there has no answer; nobody knows whether it was written.
        withDescriptorsAlone { cluster.stop(broker: 1) }
        for partition in Int32(0)..<4 { cluster.setLeader(partition % 2 + 2, topic: "t", partition: partition) }
        #expect(letters(try await results) == String(repeating: "d", count: 2000))
        expectComplete(try await Kcat.read("t", of: cluster.brokers), count: 2000, repeating: true)
        await sink.close()
    }

    @Test("H75: a leader that moves in the middle of a request: nothing is lost, keys stay in order")
    func leaderMoves() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        cluster.setLeader(1, topic: "t", partition: 0)
        let sink = try await open(
            "kafka://\(cluster.brokers)/t?batch.num.messages=50&max.in.flight=1&topic.metadata.refresh.fast.interval.ms=10"
        )
        for round in 0..<5 {
            async let results = sink.send((0..<400).map { message(UInt64(round * 400 + $0), key: "\($0 % 20)") })
            cluster.setLeader(Int32(round % 3) + 1, topic: "t", partition: 0)
            #expect(letters(try await results) == String(repeating: "d", count: 400))
        }
        expectComplete(try await Kcat.read("t", of: cluster.brokers), count: 2000, repeating: true)
        await sink.close()
    }

    @Test(
        "H75: errors that pass: retried, in order per key",
        arguments: [
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
        ].map(\.rawValue)
    )
    func retriable(code: Int32) async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 2)
        let sink = try await open(
            "kafka://\(cluster.brokers)/t?batch.num.messages=10&max.in.flight=1&topic.metadata.refresh.fast.interval.ms=10"
        )
        let error = rd_kafka_resp_err_t(code)
        cluster.fail(.produce, [error, RD_KAFKA_RESP_ERR_NO_ERROR, error, error])
        #expect(
            letters(try await sink.send((0..<300).map { message(UInt64($0), key: "\($0 % 3)") }))
                == String(repeating: "d", count: 300)
        )
        expectComplete(try await Kcat.read("t", of: cluster.brokers), count: 300, repeating: true)
        await sink.close()
    }

    @Test("H75: a message that the topic finds too large is refused alone, with its size")
    func tooLarge() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        let sink = try await open("kafka://\(cluster.brokers)/t?linger.ms=50")
        // First the set in which it is with all others, then, when each is alone, its own.
        cluster.fail(
            .produce,
            [
                RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_NO_ERROR,
                RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
            ]
        )
        let results = try await sink.send([
            message(0, key: "a"), message(1, key: "b", size: 5000), message(2, key: "c"), message(3, key: "b"),
            message(4, key: "d"),
        ])
        #expect(letters(results) == "drdfd")
        #expect(results[1].reason.contains("5015 bytes"), "\(results[1].reason)")
        #expect(results[1].reason.contains("max.message.bytes"))
        #expect(results[3].reason.contains("earlier message of its key"))
        // The next request goes on with what was held back.
        #expect(letters(try await sink.send([message(3, key: "b")])) == "d")
        let numbers = Set(try await Kcat.read("t", of: cluster.brokers).compactMap(\.number))
        #expect(numbers.isSuperset(of: [0, 2, 3, 4]))
        await sink.close()
    }

    @Test("H75: a message above message.max.bytes is refused with its size and the limit, and its key waits")
    func tooLargeHere() async throws {
        let cluster = try MockCluster()
        let sink = try await open("kafka://\(cluster.brokers)/t?message.max.bytes=10000")
        #expect(sink.limits.messageBytes == 10000)
        let results = try await sink.send([
            message(0, key: "a"), message(1, key: "b", size: 9990), message(2, key: "b"), message(3, key: "c"),
        ])
        #expect(letters(results) == "drfd")
        #expect(results[1].reason.contains("10005 bytes"), "\(results[1].reason)")
        #expect(results[1].reason.contains("message.max.bytes of the kafka: URL, 10000"))
        #expect(try await Kcat.read("t", of: cluster.brokers).compactMap(\.number).sorted() == [0, 3])
        await sink.close()
    }

    @Test("Behind a message set that fails, librdkafka writes none of its partition, and no later message is durable")
    func prefix() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        // One at a time: a real broker refuses what follows in flight by its sequence number, this one does not.
        let sink = try await open("kafka://\(cluster.brokers)/t?batch.num.messages=10&max.in.flight=1")
        #expect(letters(try await sink.send([message(0, key: "k")])) == "d")
        cluster.fail(.produce, [RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_UNKNOWN])
        let results = letters(try await sink.send((1..<100).map { message(UInt64($0), key: "k") }))
        let durable = results.prefix { $0 == "d" }.count
        #expect(durable % 10 == 0 && (10..<90).contains(durable))
        #expect(results.dropFirst(durable).allSatisfy { $0 == "f" })
        #expect(try await Kcat.read("t", of: cluster.brokers).compactMap(\.number) == Array(0...durable))
        await sink.close()
    }

    @Test("After a fatal error another producer sends what is left")
    func fatal() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t")
        let sink = try await open("kafka://\(cluster.brokers)/t?batch.num.messages=10&max.in.flight=1")
        _ = try await sink.send([message(0, key: "first")])
        cluster.fail(.produce, [RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER])
        let results = letters(try await sink.send((1...300).map { message(UInt64($0), key: "\($0 % 3)") }))
        #expect(results == String(repeating: "d", count: 300))
        expectComplete(try await Kcat.read("t", of: cluster.brokers), count: 301, repeating: true)
        await sink.close()
    }

    @Test("H75: a cluster that goes away makes it unavailable, with the reason; then it goes on where it was")
    func unavailable() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        let sink = try await open("kafka://\(cluster.brokers)/t?message.timeout.ms=1000&reconnect.backoff.max.ms=100")
        #expect(letters(try await sink.send([message(0)])) == "d")
        cluster.fail(.produce, Array(repeating: RD_KAFKA_RESP_ERR__TRANSPORT, count: 10_000))
        await expectFailure(.unavailable, "1.0 seconds", "Disconnected") {
            try await sink.send([message(1), message(2)])
        }
        cluster.clearFailures(.produce)
        #expect(letters(try await sink.send([message(1), message(2)])) == "dd")
        expectComplete(try await Kcat.read("t", of: cluster.brokers), count: 3)
        await sink.close()
    }

    @Test("H75: when one of two brokers is away, what the other has is not written twice")
    func halfUnavailable() async throws {
        let cluster = try MockCluster(brokers: 2)
        cluster.createTopic("t", partitions: 2)
        cluster.setLeader(1, topic: "t", partition: 0)
        cluster.setLeader(2, topic: "t", partition: 1)
        let sink = try await open("kafka://\(cluster.brokers)/t?message.timeout.ms=1000&reconnect.backoff.max.ms=100")
        let messages = (0..<40).map { message(UInt64($0), key: "\($0)") }
        withDescriptorsAlone { cluster.stop(broker: 2) }
        await expectFailure(.unavailable) { try await sink.send(messages) }
        cluster.setLeader(1, topic: "t", partition: 1)
        #expect(letters(try await sink.send(messages)) == String(repeating: "d", count: 40))
        let records = try await Kcat.read("t", of: cluster.brokers)
        #expect(Set(records.map(\.partition)) == [0, 1])
        expectComplete(records, count: 40)
        await sink.close()
    }

    @Test("H75: brokers that answer late are waited for")
    func slow() async throws {
        let cluster = try MockCluster()
        let sink = try await open("kafka://\(cluster.brokers)/t?batch.num.messages=5")
        cluster.setDelay(milliseconds: 100)
        #expect(
            letters(try await sink.send((0..<100).map { message(UInt64($0), key: "\($0 % 4)") }))
                == String(repeating: "d", count: 100)
        )
        expectComplete(try await Kcat.read("t", of: cluster.brokers), count: 100)
        await sink.close()
    }

    @Test("H75: a topic that refuses this client ends the stream")
    func unauthorized() async throws {
        let cluster = try MockCluster()
        let sink = try await open("kafka://\(cluster.brokers)/t")
        cluster.fail(.produce, [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED])
        await expectFailure(.notAuthorized, "the topic \"t\"", "plaintext") { try await sink.send([message(1)]) }
        await sink.close()
    }

    /// Expects each number from 0, in order per key.
    ///
    /// - Parameter repeating: Whether some may be there again: this cluster does not know what it has already.
    private func expectComplete(
        _ records: [Kcat.Record],
        count: Int,
        repeating: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let missing = Set(0..<count).subtracting(records.compactMap(\.number)).count
        #expect(missing == 0, sourceLocation: sourceLocation)
        #expect(repeating || records.count == count, sourceLocation: sourceLocation)
        #expect(disorder(records, repeating: repeating) == nil, sourceLocation: sourceLocation)
    }
}
