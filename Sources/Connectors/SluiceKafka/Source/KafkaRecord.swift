import CLibRDKafka
import FoundationEssentials
import SluicePipelines

/// A record as it was read, with copies of everything.
struct KafkaRecord: Sendable {
    struct Header: Sendable {
        var name: String
        var value: [UInt8]?
    }

    /// By what it is acknowledged.
    struct Identity: Hashable, Sendable {
        /// That of its partition's assignment.
        var number: Int
        var offset: Int64
    }

    var identity: Identity
    let partition: TopicPartition
    /// Milliseconds since 1970.
    let timestamp: Int64?
    let isLogAppendTime: Bool
    let key: [UInt8]?
    let value: [UInt8]?
    let headers: [Header]

    /// Copies a message of librdkafka, which may be freed then.
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, of partition: TopicPartition) {
        let content = message.pointee
        self.partition = partition
        identity = Identity(number: 0, offset: content.offset)
        key = Self.bytes(content.key, content.key_len)
        value = Self.bytes(content.payload, content.len)
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = rd_kafka_message_timestamp(message, &type)
        timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : time
        isLogAppendTime = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME
        headers = Self.headers(message)
    }

    private static func headers(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> [Header] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return [] }
        var headers: [Header] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            headers.append(Header(name: name.map { String(cString: $0) } ?? "", value: bytes(value, size)))
        }
        return headers
    }

    /// Null is not the same as empty: a value that is null is a tombstone.
    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
        start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    /// The message for a pipeline.
    func message(_ acknowledger: any Acknowledger) -> Message<[UInt8]> {
        Message(
            value ?? [],
            metadata: metadata,
            acknowledgement: Acknowledgement(
                acknowledger,
                receipt: .number(UInt64(bitPattern: identity.offset)),
                group: identity.number
            )
        )
    }

    private var metadata: [String: String] {
        var metadata = [
            "topic": partition.topic, "partition": String(partition.partition), "offset": String(identity.offset),
        ]
        if let timestamp {
            metadata["timestamp"] = String(timestamp)
            metadata["timestampType"] = isLogAppendTime ? "LogAppendTime" : "CreateTime"
        }
        if value == nil { metadata["tombstone"] = "true" }
        if let key { Self.add(key, "key", to: &metadata) }
        // Of several with one name the last one counts, as for Kafka's own `lastHeader`.
        for header in headers { Self.add(header.value ?? [], "headers.\(header.name)", to: &metadata) }
        return metadata
    }

    private static func add(_ bytes: [UInt8], _ name: String, to metadata: inout [String: String]) {
        let text = String(validating: bytes, as: UTF8.self)
        metadata[name] = text
        metadata["\(name).base64"] = text == nil ? Data(bytes).base64EncodedString() : nil
    }
}
