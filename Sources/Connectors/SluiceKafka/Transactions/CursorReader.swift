import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// Reads the last cursor of a transactional id: what is committed, in partition 0 of the cursor's topic.
///
/// Blocks its thread.
struct CursorReader {
    /// Nearly always the cursor is among the last records; all are read only if it is not.
    private static let tail: Int64 = 1000

    let settings: KafkaSettings
    let topic: String
    let stop: StopFlag

    /// - Returns: `nil` if there is none.
    func last(of id: String) throws -> CursorRecord? {
        let client = try ClientConfiguration(settings, .reader).makeClient(settings)
        defer { rd_kafka_destroy(client) }
        guard let handle = rd_kafka_topic_new(client, topic, nil) else { throw unreachable(rd_kafka_last_error()) }
        defer { rd_kafka_topic_destroy(handle) }
        let (low, high) = try range(client)
        let near = max(low, high - Self.tail)
        if high > near, let record = try read(handle, from: near, id) { return record }
        return near > low ? try read(handle, from: low, id) : nil
    }

    private func range(_ client: OpaquePointer) throws(SinkError) -> (Int64, Int64) {
        let deadline = Instant.now.advanced(by: settings.options.timeout)
        while true {
            var (low, high) = (Int64(0), Int64(0))
            let code = rd_kafka_query_watermark_offsets(client, topic, 0, &low, &high, 1000)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR { return (low, high) }
            try check(code, deadline)
        }
    }

    /// The last record of the id from an offset on to the end.
    private func read(_ handle: OpaquePointer, from offset: Int64, _ id: String) throws -> CursorRecord? {
        guard rd_kafka_consume_start(handle, 0, offset) == 0 else { throw unreachable(rd_kafka_last_error()) }
        defer { rd_kafka_consume_stop(handle, 0) }
        let deadline = Instant.now.advanced(by: settings.options.timeout)
        var record: CursorRecord?
        while true {
            guard let message = rd_kafka_consume(handle, 0, 200) else {
                try check(RD_KAFKA_RESP_ERR__TIMED_OUT, deadline)
                continue
            }
            defer { rd_kafka_message_destroy(message) }
            switch message.pointee.err {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                let key = UnsafeRawBufferPointer(start: message.pointee.key, count: message.pointee.key_len)
                guard key.elementsEqual(id.utf8) else { continue }
                let value = UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len)
                do {
                    record = try CursorRecord(decoding: value)
                } catch {
                    throw SinkError(
                        .corrupt,
                        "The record at offset \(message.pointee.offset) of partition 0 of the topic \"\(topic)\" is no "
                            + "cursor of Sluice. Give the topic of the cursor by cursor.topic, or another transactional.id.",
                        cause: error
                    )
                }
            case RD_KAFKA_RESP_ERR__PARTITION_EOF: return record
            case let code: try check(code, deadline)
            }
        }
    }

    /// Goes on after what may pass.
    private func check(_ code: ResponseCode, _ deadline: Instant) throws(SinkError) {
        let failure = KafkaFailure(settings)
        if Verdict(code) == .missing { throw failure.missingCursorTopic(code, topic) }
        if let error = failure.lasting(code, topic: topic) { throw error }
        if stop.isRaised { throw SinkError(.notOpen, "\(settings.name) is closed.") }
        if Instant.now > deadline { throw unreachable(code) }
    }

    private func unreachable(_ code: ResponseCode) -> SinkError {
        KafkaFailure(settings).unreachable(Trouble(code, code.text))
    }
}
