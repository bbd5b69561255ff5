import FoundationEssentials
public import SluicePipelines

/// What a message of a ``KafkaSource`` has beside its value.
extension Message {
    /// The topic and the partition, as `orders-3`: by this key the processors of a pipeline keep Kafka's order.
    ///
    /// ```swift
    /// Processors(concurrency: 8, partitionedBy: { $0.kafkaPartition })
    /// ```
    ///
    /// Empty if the message is not one of Kafka.
    public var kafkaPartition: String {
        guard let topic = metadata["topic"], let partition = metadata["partition"] else { return "" }
        return "\(topic)-\(partition)"
    }

    /// The key; `nil` if it is null.
    public var kafkaKey: [UInt8]? {
        if let text = metadata["key"] { return Array(text.utf8) }
        return metadata["key.base64"].flatMap { Data(base64Encoded: $0) }.map { Array($0) }
    }

    /// Whether the value is null, which says that the key is deleted; the body is empty then.
    public var isKafkaTombstone: Bool { metadata["tombstone"] == "true" }
}
