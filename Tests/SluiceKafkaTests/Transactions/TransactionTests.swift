import CLibRDKafka
import KafkaTesting
import SinkTesting
import SluicePostgres
import SluiceSinks
import Testing

@testable import KafkaMockCluster
@testable import SluiceKafka

/// Against librdkafka's cluster, which takes the calls but does not hide what was aborted, nor fence: so what was aborted
/// shows, and being fenced is injected.
@Suite(.timeLimit(.minutes(5))) struct TransactionTests {
    private let cluster: MockCluster

    init() throws {
        cluster = try MockCluster()
        cluster.createTopic("t", partitions: 1)
        cluster.createTopic("sluice.cursor.shop", partitions: 1)
    }

    @Test("H75: each batch is a transaction that ends with the cursor, which the next process finds")
    func cursor() async throws {
        let first = try await open()
        #expect(first.opening == SinkOpening(position: SinkPosition(cursor: nil)))
        let position = try await first.sink.deliver(changes(1...3) + [commit(4711)])
        #expect(position == SinkPosition(cursor: Cursor(commitLSN: LSN(rawValue: 4711), index: Cursor.commitIndex)))
        _ = try await first.sink.deliver(changes(1...2, lsn: 5000))
        await first.sink.close()
        #expect(try await numbers() == [1, 2, 3, 1, 2])
        let cursors = try await Kcat.read("sluice.cursor.shop", of: cluster.brokers)
        #expect(cursors.map(\.key) == ["shop-1", "shop-1"])
        #expect(
            cursors.last?.payload
                == #"{"commit_idx":2,"commit_lsn":5000,"slot":"shop","sub":0,"system_identifier":"7300000000000000001"}"#
        )
        let second = try await open()
        #expect(second.opening.position.cursor == Cursor(commitLSN: LSN(rawValue: 5000), index: 2))
        // Repetitions of what the sink has are dropped.
        _ = try await second.sink.deliver(changes(1...3, lsn: 5000))
        #expect(try await numbers() == [1, 2, 3, 1, 2, 3])
        await second.sink.close()
    }

    @Test("H75: a large batch is several transactions")
    func large() async throws {
        let (sink, _) = try await open()
        _ = try await sink.deliver(changes(1...12, size: 900_000))
        #expect(try await Kcat.read("sluice.cursor.shop", of: cluster.brokers).count == 3)
        await sink.close()
    }

    @Test(
        "H75: what passes is waited for: the coordinator is loading, moves, or is busy with the transaction before",
        arguments: [
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        ]
    )
    func retriable(code: rd_kafka_resp_err_t) async throws {
        cluster.fail(.initProducerID, [code])
        let (sink, _) = try await open()
        cluster.fail(.addPartitionsToTransaction, [RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS])
        cluster.fail(.endTransaction, [code, code])
        _ = try await sink.deliver(changes(1...3))
        #expect(try await numbers() == [1, 2, 3])
        await sink.close()
    }

    @Test("H75: a record that a broker does not write: the transaction is aborted and tried again")
    func aborted() async throws {
        let (sink, _) = try await open()
        // The messages are refused for now, or the cursor is; of the other this cluster shows what was aborted.
        cluster.fail(.produce, [RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS])
        _ = try await sink.deliver(changes(1...3))
        #expect(try await Set(numbers()) == [1, 2, 3])
        #expect(try await lastCursor() == 3)
        _ = try await sink.deliver(changes(4...5))
        #expect(try await lastCursor() == 5)
        #expect(try await numbers().suffix(2) == [4, 5])
        await sink.close()
    }

    @Test("H75: a commit that fails for now is aborted, and the batch written again")
    func failedCommit() async throws {
        let (sink, _) = try await open()
        _ = try await sink.deliver(changes(1...2))
        cluster.fail(.addPartitionsToTransaction, [RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED])
        _ = try await sink.deliver(changes(3...4))
        #expect(try await Set(numbers()) == [1, 2, 3, 4])
        #expect(try await lastCursor() == 4)
        await sink.close()
    }

    @Test("H75: a producer that fails for good: another one takes over, and finds by the cursor what was committed")
    func fatal() async throws {
        let (sink, _) = try await open()
        _ = try await sink.deliver(changes(1...2))
        cluster.fail(.endTransaction, [RD_KAFKA_RESP_ERR_INVALID_TXN_STATE])
        let position = try await sink.deliver(changes(3...4))
        #expect(position.cursor?.index == 4)
        // Here the cursor shows although nothing was committed: so nothing is written again.
        #expect(try await numbers() == [1, 2, 3, 4])
        _ = try await sink.deliver(changes(5...6))
        #expect(try await numbers() == [1, 2, 3, 4, 5, 6])
        await sink.close()
    }

    @Test(
        "H75: fenced by another process: this one stops and says why",
        arguments: [RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, RD_KAFKA_RESP_ERR_PRODUCER_FENCED]
    )
    func fenced(code: rd_kafka_resp_err_t) async throws {
        let (first, _) = try await open()
        _ = try await first.deliver(changes(1...2))
        let (second, opening) = try await open()
        #expect(opening.position.cursor?.index == 2)
        cluster.fail(.endTransaction, [code])
        await expectFailure(.takenOver, "transactional.id=shop-1", "Another process", "nothing is lost") {
            try await first.deliver(changes(3...4))
        }
        await expectFailure(.notOpen, "open it anew") { try await first.deliver(changes(3...4)) }
        _ = try await second.deliver(changes(5...6))
        #expect(try await numbers().suffix(2) == [5, 6])
        await first.close()
        await second.close()
    }

    @Test("H75: a transactional id that is not for this user, or of another slot; a cursor that is none")
    func refused() async throws {
        cluster.fail(.initProducerID, [RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED])
        await expectFailure(.notAuthorized, "\"shop-1\"") { try await open() }
        cluster.clearFailures(.initProducerID)
        let (sink, _) = try await open()
        _ = try await sink.deliver(changes(1...1))
        await sink.close()
        let other = SourceIdentity(systemIdentifier: shop.systemIdentifier, timeline: 1, slot: "other")
        await expectFailure(.otherSource, "slot shop", "slot other", "transactional.id of its own") {
            try await open(other, "&cursor.topic=sluice.cursor.shop")
        }
        cluster.createTopic("c", partitions: 1)
        await expectFailure(.corrupt, "no cursor of Sluice") {
            let plain = try KafkaURL("kafka://\(cluster.brokers)/c").makeSink()
            _ = try await plain.open(for: shop, remembered: nil)
            _ = try await plain.send([message(1, key: "shop-1")])
            await plain.close()
            return try await open(shop, "&cursor.topic=c")
        }
    }

    @Test("H75: no topic for the cursor: how to create it")
    func missing() async throws {
        cluster.createTopic("c")
        cluster.setError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, topic: "c")
        await expectFailure(.missing, "\"c\" for the cursor", "cleanup.policy=compact", "cursor.topic") {
            try await open(shop, "&cursor.topic=c")
        }
    }

    @Test("H75: a message that is too large ends the stream with its size, and keeps what was there")
    func tooLarge() async throws {
        let (sink, _) = try await open(shop, "&message.max.bytes=2000")
        _ = try await sink.deliver(changes(1...2))
        await expectFailure(.refused, "2000", "message.max.bytes", "0/1267:3", "--dead-letter") {
            try await sink.deliver(changes(3...3, size: 5000))
        }
        await sink.close()
        #expect(try await lastCursor() == 2)
    }

    @Test("H75: the broker that has everything dies, and comes to life elsewhere: all is written")
    func brokerDies() async throws {
        let (sink, _) = try await open(shop, "&message.timeout.ms=5000")
        for topic in ["t", "sluice.cursor.shop"] { cluster.setLeader(2, topic: topic, partition: 0) }
        cluster.setCoordinator(2, transactionalID: "shop-1")
        _ = try await sink.deliver(changes(1...2))
        withDescriptorsAlone { cluster.stop(broker: 2) }
        async let position = sink.deliver(changes(3...4))
        for topic in ["t", "sluice.cursor.shop"] { cluster.setLeader(3, topic: topic, partition: 0) }
        cluster.setCoordinator(3, transactionalID: "shop-1")
        #expect(try await position.cursor?.index == 4)
        #expect(try await Set(numbers()) == [1, 2, 3, 4])
        await sink.close()
    }

    @Test("closing ends a wait for a cluster that is away")
    func closing() async throws {
        let (sink, _) = try await open()
        withDescriptorsAlone { cluster.stop() }
        let delivery = Task { try await sink.deliver(changes(1...2)) }
        await sink.close()
        await #expect(throws: SinkError.self) { try await delivery.value }
    }

    // MARK: -

    private func open(
        _ source: SourceIdentity = shop,
        _ options: String = ""
    ) async throws -> (sink: TransactionalKafkaSink, opening: SinkOpening) {
        let url = try KafkaURL("kafka://\(cluster.brokers)/t?transactional.id=shop-1\(options)")
        #expect(url.isTransactional)
        let sink = url.makeTransactionalSink()
        return (sink, try await sink.open(for: source, remembered: nil))
    }

    private func numbers() async throws -> [Int] {
        try await Kcat.read("t", of: cluster.brokers).compactMap(\.number)
    }

    private func lastCursor() async throws -> Int? {
        let last = try await Kcat.read("sluice.cursor.shop", of: cluster.brokers).last?.payload
        return last?.firstMatch(of: /"commit_idx":(\d+)/).flatMap { Int($0.output.1) }
    }
}

private func commit(_ lsn: UInt64) -> Change {
    Change(
        sequence: 0,
        cursor: Cursor(commitLSN: LSN(rawValue: lsn), index: Cursor.commitIndex),
        kind: .commit(endLSN: LSN(rawValue: lsn + 8)),
        batch: EncodedBatch(bytes: []),
        offset: 0,
        length: 0,
        cost: 1
    )
}
