import KafkaTesting
import SinkTesting
import SluicePostgres
import SluiceSinks
import Testing

@testable import KafkaMockCluster
@testable import SluiceKafka

/// What arrives, read back with another client.
@Suite(.timeLimit(.minutes(5))) struct DeliveryTests {
    @Test("Bodies, keys and headers arrive; a delete's tombstone follows it")
    func content() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("shop")
        let sink = try await open("kafka://\(cluster.brokers)/shop")
        let messages = [message(1, key: "a"), message(2, .update, key: "a"), message(3, .delete, key: "a")]
        #expect(letters(try await sink.send(messages)) == "ddd")
        let records = try await Kcat.read("shop", of: cluster.brokers)
        #expect(records.map(\.payload) == ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}", nil])
        #expect(records.map(\.key) == ["a", "a", "a", "a"])
        #expect(Set(records.map(\.partition)).count == 1)
        #expect(records.map { $0.named["action"] } == ["insert", "update", "delete", "tombstone"])
        let last = try #require(records.last?.named)
        #expect(
            last == [
                "action": "tombstone", "commit_lsn": "4711", "table_schema": "public", "table_name": "orders",
                "idempotency_key": messages[2].cursor.idempotencyKey,
            ]
        )
        await sink.close()
    }

    @Test("tombstones=off leaves them out; without a key there is none to forget")
    func noTombstones() async throws {
        let cluster = try MockCluster()
        let sink = try await open("kafka://\(cluster.brokers)/off?tombstones=off")
        #expect(letters(try await sink.send([message(1, .delete)])) == "d")
        await sink.close()
        let other = try await open("kafka://\(cluster.brokers)/keyless")
        #expect(letters(try await other.send([message(1, .delete, key: nil)])) == "d")
        await other.close()
        #expect(try await Kcat.read("off", of: cluster.brokers).map(\.payload) == ["{\"n\":1}"])
        #expect(try await Kcat.read("keyless", of: cluster.brokers).map(\.payload) == ["{\"n\":1}"])
    }

    @Test("A key is in the partition in which the Java client has it")
    func partitions() async throws {
        // The hashes are those of Kafka's own UtilsTest.testMurmur2 (clients/src/test/java/org/apache/kafka/common/
        // utils), the partition that of its BuiltInPartitioner.partitionForKey: toPositive(murmur2(key)) % partitions.
        let hashes: KeyValuePairs<String, Int32> = [
            "21": -973_932_308, "foobar": -790_332_482, "a-little-bit-long-string": -985_981_536,
            "a-little-bit-longer-string": -1_486_304_829,
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58_897_971, "abc": 479_470_107,
        ]
        let cluster = try MockCluster()
        for count in [3, 7, 12] {
            cluster.createTopic("p\(count)", partitions: Int32(count))
            let sink = try await open("kafka://\(cluster.brokers)/p\(count)")
            _ = try await sink.send(hashes.enumerated().map { message(UInt64($0.offset), key: $0.element.key) })
            await sink.close()
            let records = try await Kcat.read("p\(count)", of: cluster.brokers)
            #expect(records.count == hashes.count)
            for record in records {
                let hash = try #require(hashes.first { $0.key == record.key }).value
                #expect(record.partition == Int(hash & 0x7FFF_FFFF) % count)
            }
        }
    }

    @Test("A message without a key has its table's name as key; an empty key stays one")
    func keys() async throws {
        let cluster = try MockCluster()
        let sink = try await open("kafka://\(cluster.brokers)/keys")
        let messages = [
            message(1, key: nil), message(2, .truncate, key: nil), message(3, key: ""),
            message(4, .undecodable, table: nil, key: nil),
        ]
        #expect(letters(try await sink.send(messages)) == "dddd")
        let records = try await Kcat.read("keys", of: cluster.brokers)
        let keys = Dictionary(records.map { ($0.number, $0.key) }, uniquingKeysWith: { first, _ in first })
        #expect(keys == [1: "public.orders", 2: "public.orders", 3: "", 4: nil])
        await sink.close()
    }

    @Test("Each table has its topic; what has none is refused and its neighbours arrive")
    func topics() async throws {
        let cluster = try MockCluster()
        let sink = try await open("kafka://\(cluster.brokers)/cdc.%7Bschema%7D.{table}")
        let results = try await sink.send([
            message(1, table: "a"), message(2, table: "b c"), message(3, table: "d"), message(4, table: nil),
        ])
        #expect(letters(results) == "drdr")
        #expect(results[1].reason.contains("cdc.public.b c"))
        #expect(try await Kcat.read("cdc.public.a", of: cluster.brokers).map(\.number) == [1])
        #expect(try await Kcat.read("cdc.public.d", of: cluster.brokers).map(\.number) == [3])
        await sink.close()
    }

    @Test("A full queue is waited for, and keys stay in order over requests at the same time")
    func fullQueue() async throws {
        let cluster = try MockCluster()
        cluster.createTopic("full")
        let sink = try await open("kafka://\(cluster.brokers)/full?queue.buffering.max.messages=7&linger.ms=0")
        try await withThrowingTaskGroup(of: [SendResult].self) { group in
            for part in 0..<4 {
                group.addTask {
                    try await sink.send((0..<500).map { message(UInt64($0), key: "\(part).\($0 % 5)") })
                }
            }
            for try await results in group { #expect(letters(results) == String(repeating: "d", count: 500)) }
        }
        let records = try await Kcat.read("full", of: cluster.brokers)
        #expect(records.count == 2000)
        #expect(disorder(records) == nil)
        await sink.close()
    }

    @Test("A sink that is not open, or closed, says so; closing twice is fine")
    func states() async throws {
        let cluster = try MockCluster()
        let sink = try KafkaURL("kafka://\(cluster.brokers)/t").makeSink()
        await expectFailure(.notOpen, "not open") { try await sink.send([message(1)]) }
        let position = SinkPosition(cursor: Cursor(commitLSN: LSN(rawValue: 7), index: 1), mark: "m")
        #expect(try await sink.open(for: shop, remembered: position).position == position)
        await expectFailure(.notOpen, "before") { try await sink.open(for: shop, remembered: nil) }
        await sink.close()
        await sink.close()
        await expectFailure(.notOpen, "closed") { try await sink.send([message(1)]) }
    }

    @Test("A cancelled send ends at once, and the sink can be closed")
    func cancellation() async throws {
        let cluster = try MockCluster()
        let sink = try await open("kafka://\(cluster.brokers)/t")
        withDescriptorsAlone { cluster.stop() }
        let task = Task { try await sink.send([message(1)]) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await sink.close()
    }
}

/// Makes a sink and opens it.
func open(_ url: String) async throws -> KafkaSink {
    let sink = try KafkaURL(url).makeSink()
    _ = try await sink.open(for: shop, remembered: nil)
    return sink
}

/// The first record that is behind a higher number of its key, or equal to one.
///
/// - Parameter repeating: Whether records may be there again: then only the first time counts.
func disorder(_ records: [Kcat.Record], repeating: Bool = false) -> String? {
    var seen: [String?: [Int]] = [:]
    for record in records {
        guard let number = record.number else { continue }
        let numbers = seen[record.key, default: []]
        if repeating && numbers.contains(number) { continue }
        if let last = numbers.last, last >= number { return "\(number) of key \(record.key ?? "") behind \(last)" }
        seen[record.key, default: []].append(number)
    }
    return nil
}
