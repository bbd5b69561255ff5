import CLibRDKafka
import KafkaTesting
import Sluice
import SluicePipelines
import SluicePostgres
import Synchronization
import Testing

@testable import SluiceKafka

/// A topic of a cluster in another process, and pipelines that read it.
struct TestTopic: Sendable {
    struct Entry: Sendable {
        var partition: Int32
        var key: [UInt8]?
        var value: [UInt8]?
    }

    let cluster: ClusterProcess
    let name = "t"
    let partitions: Int

    init(partitions: Int = 4) async throws {
        cluster = try await ClusterProcess.start()
        self.partitions = partitions
        try await cluster.tell("topic \(name) \(partitions)")
    }

    /// Writes numbers from 0 on, or from another one, in turn to all partitions.
    func fill(_ count: Int, from first: Int = 0) async throws {
        try await write(
            (first..<first + count).map {
                Entry(partition: Int32($0 % partitions), key: Array("k\($0)".utf8), value: Array("\($0)".utf8))
            }
        )
    }

    func write(_ entries: [Entry], headers: [(String, [UInt8])] = []) async throws {
        let (brokers, name) = (cluster.brokers, name)
        try await BlockingThread().run {
            let client = try Self.client(RD_KAFKA_PRODUCER, ["bootstrap.servers": brokers])
            defer { rd_kafka_destroy(client) }
            let topic = try #require(rd_kafka_topic_new(client, name, nil))
            defer { rd_kafka_topic_destroy(topic) }
            for entry in entries {
                let list = rd_kafka_headers_new(1)
                for (name, value) in headers { rd_kafka_header_add(list, name, -1, value, value.count) }
                var (key, value) = (entry.key ?? [], entry.value ?? [])
                key.withUnsafeMutableBytes { key in
                    value.withUnsafeMutableBytes { value in
                        var fields = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 6)
                        (fields[0].vtype, fields[0].u.rkt) = (RD_KAFKA_VTYPE_RKT, topic)
                        (fields[1].vtype, fields[1].u.i32) = (RD_KAFKA_VTYPE_PARTITION, entry.partition)
                        (fields[2].vtype, fields[2].u.i) = (RD_KAFKA_VTYPE_MSGFLAGS, Int32(RD_KAFKA_MSG_F_COPY))
                        (fields[3].vtype, fields[3].u.headers) = (RD_KAFKA_VTYPE_HEADERS, list)
                        (fields[4].vtype, fields[4].u.mem) = (
                            RD_KAFKA_VTYPE_KEY, .init(ptr: entry.key == nil ? nil : key.baseAddress, size: key.count)
                        )
                        (fields[5].vtype, fields[5].u.mem) = (
                            RD_KAFKA_VTYPE_VALUE,
                            .init(ptr: entry.value == nil ? nil : value.baseAddress, size: value.count)
                        )
                        #expect(rd_kafka_produceva(client, fields, fields.count) == nil)
                    }
                }
            }
            try #require(rd_kafka_flush(client, 20_000) == RD_KAFKA_RESP_ERR_NO_ERROR)
        }
    }

    /// What a group has committed, by partition; 0 if nothing.
    func committed(_ group: String = "g") async throws -> [Int64] {
        let (brokers, name, partitions) = (cluster.brokers, name, partitions)
        return try await BlockingThread().run {
            let client = try Self.client(RD_KAFKA_CONSUMER, ["bootstrap.servers": brokers, "group.id": group])
            defer { rd_kafka_destroy(client) }
            let list = PartitionList((0..<partitions).map { TopicPartition(name, Int32($0)) })
            try #require(list.use { rd_kafka_committed(client, $0, 10_000) } == RD_KAFKA_RESP_ERR_NO_ERROR)
            return list.offsets.map { max($0, 0) }
        }
    }

    private static func client(_ type: rd_kafka_type_t, _ properties: [String: String]) throws -> OpaquePointer {
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
        for (name, value) in properties { rd_kafka_conf_set(configuration, name, value, nil, 0) }
        return try #require(rd_kafka_new(type, configuration, nil, 0))
    }

    // MARK: - Pipelines

    /// A source with short times.
    func source(
        _ reports: Journal<KafkaSourceReport> = Journal(),
        toleratesTrouble: Bool = false,
        _ change: (inout KafkaSource.Options) -> Void = { _ in }
    ) -> Producers<KafkaSource> {
        var options = KafkaSource.Options()
        options.sessionTimeout = .seconds(6)
        options.heartbeatInterval = .seconds(1)
        options.maxPollInterval = .seconds(8)
        options.revokeTimeout = .seconds(4)
        options.fetchMaxWait = .milliseconds(50)
        change(&options)
        let url = "kafka://\(cluster.brokers)/\(name)?reconnect.backoff.max.ms=500"
        return Producers(restart: .never) { [options] _ in
            try KafkaSource(url, groupID: "g", options: options) { report in
                switch report {
                case .trouble, .commitFailed: if !toleratesTrouble { Issue.record("\(report)") }
                case .assigned, .revoked, .stopped: break
                }
                reports.add(report)
            }
        }
    }

    /// Runs a pipeline until enough has been handled, and lets it drain.
    ///
    /// - Returns: The messages whose handling has ended, in that order.
    @discardableResult
    func run(
        _ source: Producers<KafkaSource>,
        _ handled: Journal<Message<[UInt8]>> = Journal(),
        concurrency: Int = 4,
        until isEnough: @escaping @Sendable ([Message<[UInt8]>]) -> Bool,
        _ handle: @escaping @Sendable (Message<[UInt8]>) async throws -> Void = { _ in }
    ) async throws -> [Message<[UInt8]>] {
        try await run(source, handled, concurrency: concurrency, after: { await handled.wait(until: isEnough) }, handle)
        return handled.entries
    }

    /// Runs a pipeline until something has happened, and lets it drain.
    func run(
        _ source: Producers<KafkaSource>,
        _ handled: Journal<Message<[UInt8]>>,
        concurrency: Int = 4,
        after end: @escaping @Sendable () async -> Void,
        _ handle: @escaping @Sendable (Message<[UInt8]>) async throws -> Void = { _ in }
    ) async throws {
        let pipeline = Pipeline(
            source: source,
            processors: Processors(concurrency: concurrency, partitionedBy: { $0.kafkaPartition }),
            handler: Handling { (message: Message<[UInt8]>) in
                defer { handled.add(message) }
                try await handle(message)
                return message
            }
        ) { report in
            if case .acknowledgementFailed = report { Issue.record("\(report)") }
        }
        try await pipeline.run { running in
            await end()
            running.drain()
        }
    }
}

extension Message<[UInt8]> {
    var text: String { String(decoding: body, as: UTF8.self) }
    var number: Int { Int(text) ?? -1 }
    var offset: Int64 { metadata["offset"].flatMap { Int64($0) } ?? -1 }
}

/// Expects the messages of each partition in the order of their offsets.
func expectOrder(_ messages: [Message<[UInt8]>], sourceLocation: SourceLocation = #_sourceLocation) {
    var last: [String: Int64] = [:]
    for message in messages {
        let before = last.updateValue(message.offset, forKey: message.kafkaPartition) ?? -1
        guard before >= message.offset else { continue }
        Issue.record(
            "\(message.kafkaPartition): \(message.offset) came behind \(before)",
            sourceLocation: sourceLocation
        )
        return
    }
}
