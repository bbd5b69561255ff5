import CLibRDKafka

/// What tells tables apart.
struct TableName: Hashable {
    var schema: String?
    var table: String?
}

/// Where the messages of one table go; dropped before its client.
final class Route {
    /// librdkafka's topic.
    let topic: OpaquePointer?

    /// The key of messages that have none: they are ordered as a whole, and so are in one partition.
    let tableKey: ArraySlice<UInt8>?

    /// The topic's name.
    let topicName: String

    init(topic name: String, table: TableName, client: OpaquePointer) {
        topic = rd_kafka_topic_new(client, name, nil)
        topicName = name
        tableKey = table.table.map { ArraySlice("\(table.schema ?? "").\($0)".utf8) }
    }

    deinit {
        if let topic { rd_kafka_topic_destroy(topic) }
    }
}
