public import SluicePipelines
public import SluiceSinks

/// What a source of Kafka messages tells of: what happens to its partitions, and what goes wrong and does not end it.
public enum KafkaSourceReport: Sendable {
    /// The group has given partitions to this member.
    case assigned([TopicPartition])
    /// Partitions were given back, or have been taken away; so many of their messages are still being handled and will
    /// come again, to whoever has the partitions now.
    case revoked([TopicPartition], givenUp: Int)
    /// A message failed, and its partition stands still from this offset on.
    case stopped(TopicPartition, offset: Int64, MessageFailure)
    /// The cluster is not reached, or has trouble; librdkafka goes on trying.
    case trouble(SinkError)
    /// Offsets were not committed; that is tried again, unless the partitions are gone meanwhile.
    case commitFailed(SinkError)
}
