import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// Finds out whether the cluster answers, and has the topic if there is just one.
///
/// Blocks its thread.
struct ConnectionCheck {
    let settings: KafkaSettings
    let client: ProducerClient

    func run() throws(SinkError) {
        let deadline = Instant.now.advanced(by: settings.options.timeout)
        var trouble: Trouble?
        // Short at first, so that a refusal is seen at once; longer later, so that a slow answer is waited for.
        var slice: Int64 = 50
        while true {
            let left = Instant.now.milliseconds(until: deadline)
            let answer = metadata(milliseconds: Int32(clamping: max(min(slice, left), 1)))
            if answer == RD_KAFKA_RESP_ERR_NO_ERROR { return }
            if let error = KafkaFailure(settings).lasting(answer, topic: settings.topic.fixed) { throw error }
            var areAllDown = false
            _ = client.forEachEvent { event in
                guard case .trouble(let next) = event else { return }
                if next.code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN { areAllDown = true }
                if next.weight >= trouble?.weight ?? 0 { trouble = next }
            }
            if areAllDown || left <= 0 {
                throw KafkaFailure(settings).unreachable(trouble ?? Trouble(answer, answer.text))
            }
            slice *= 2
        }
    }

    /// Asks any broker.
    private func metadata(milliseconds: Int32) -> ResponseCode {
        let topic = settings.topic.fixed.flatMap { rd_kafka_topic_new(client.handle, $0, nil) }
        defer { if let topic { rd_kafka_topic_destroy(topic) } }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client.handle, 0, topic, &metadata, milliseconds)
        guard let metadata else { return code }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard topic != nil, metadata.pointee.topic_cnt > 0 else { return code }
        return metadata.pointee.topics[0].err
    }
}
