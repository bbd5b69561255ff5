import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// Which of a message's records.
enum RecordPart {
    case message
    /// A record of the same key without a value, which follows a delete: compaction then forgets the key.
    case tombstone
}

/// The headers of a record, named as in the message's metadata.
enum RecordHeaders {
    /// Makes headers that hold copies of everything; whoever gets them has to hand them over or to destroy them.
    static func make(_ message: OutgoingMessage, _ part: RecordPart) -> OpaquePointer? {
        let headers = rd_kafka_headers_new(5)
        func add(_ name: String, _ value: String) {
            rd_kafka_header_add(headers, name, name.utf8.count, value, value.utf8.count)
        }
        add("idempotency_key", message.cursor.idempotencyKey)
        add("action", part == .tombstone ? "tombstone" : message.action.rawValue)
        if let schema = message.schema { add("table_schema", schema) }
        if let table = message.table { add("table_name", table) }
        add("commit_lsn", String(message.cursor.commitLSN.rawValue))
        return headers
    }
}
