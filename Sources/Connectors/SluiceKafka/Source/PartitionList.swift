import CLibRDKafka

/// librdkafka's list of partitions.
final class PartitionList {
    private let list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ partitions: [TopicPartition]) {
        list = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        for partition in partitions { rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition) }
    }

    /// Copies a list; empty if there is none.
    init(copying other: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) {
        list = other.map { rd_kafka_topic_partition_list_copy($0) } ?? rd_kafka_topic_partition_list_new(0)
    }

    deinit {
        rd_kafka_topic_partition_list_destroy(list)
    }

    /// Calls a closure with the list, which exists at least until that returns.
    func use<Result>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Result) -> Result {
        withExtendedLifetime(self) { body(list) }
    }

    private func map<Result>(_ body: (rd_kafka_topic_partition_t) -> Result) -> [Result] {
        use { UnsafeBufferPointer(start: $0.pointee.elems, count: Int($0.pointee.cnt)).map(body) }
    }

    var partitions: [TopicPartition] { map { TopicPartition(String(cString: $0.topic), $0.partition) } }

    var offsets: [Int64] { map(\.offset) }

    /// What became of each.
    var codes: [TopicPartition: ResponseCode] {
        Dictionary(zip(partitions, map(\.err)), uniquingKeysWith: { first, _ in first })
    }
}
