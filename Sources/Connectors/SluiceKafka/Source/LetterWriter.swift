import CLibRDKafka
import SluicePipelines
import SluicePostgres
import SluiceSinks

/// Writes messages that failed to a topic, with `acks=all`, and says when they are there.
///
/// It belongs to the consumer's thread. Each message is a set of its own, so that a broker judges it alone. librdkafka
/// repeats what does not reach a broker, for ever.
final class LetterWriter {
    enum Outcome {
        case written(KafkaRecord.Identity)
        /// A broker does not take it.
        case refused(KafkaRecord.Identity, ResponseCode)
        case trouble(Trouble)
    }

    private struct Letter {
        var record: KafkaRecord
        var reason: MessageFailure
    }

    private let settings: SourceSettings
    private let topicName: String
    private let wakeUp: WakeUp
    private var client: ProducerClient?
    private var topic: OpaquePointer?
    /// By their numbers; those that are not handed over yet in their order.
    private var letters: [UInt: Letter] = [:]
    private var unsent: [UInt] = []
    private var lastNumber: UInt = 0

    init(_ settings: SourceSettings, topic: String, wakeUp: WakeUp) {
        self.settings = settings
        topicName = topic
        self.wakeUp = wakeUp
    }

    deinit {
        drop()
    }

    /// How many are not written yet.
    var count: Int { letters.count }

    /// Takes a message that failed.
    func write(_ record: KafkaRecord, because reason: MessageFailure) {
        lastNumber += 1
        letters[lastNumber] = Letter(record: record, reason: reason)
        unsent.append(lastNumber)
    }

    /// Hands over what can be, and tells what became of what was.
    ///
    /// - Returns: Whether there was anything to tell.
    func serve(_ body: (Outcome) -> Void) throws(SinkError) -> Bool {
        guard !letters.isEmpty || client != nil else { return false }
        try send(body)
        var isBroken = false
        let hasEvents =
            client?.forEachEvent { event in
                switch event {
                case .report(let number, let code):
                    switch Verdict(code) {
                    case .durable:
                        if let letter = letters.removeValue(forKey: number) { body(.written(letter.record.identity)) }
                    case .again: isBroken = true
                    case .suspect, .unauthorized, .missing, .failed: refuse(number, code, body)
                    }
                case .trouble(let trouble): body(.trouble(trouble))
                case .fatal(let trouble):
                    body(.trouble(trouble))
                    isBroken = true
                }
            } ?? false
        if isBroken {
            // Another producer writes what this one has not, in order; some of it may be there already.
            drop()
            unsent = letters.keys.sorted()
            wakeUp.signal()
        }
        return hasEvents
    }

    private func send(_ body: (Outcome) -> Void) throws(SinkError) {
        guard !unsent.isEmpty else { return }
        if client == nil { client = try ProducerClient(settings.kafka, .producer(oneByOne: true), wakeUp: wakeUp) }
        if topic == nil, let client { topic = rd_kafka_topic_new(client.handle, topicName, nil) }
        guard let client, let topic else { return }
        while let number = unsent.first, let letter = letters[number] {
            let code = client.produce(letter.record, headers(letter), to: topic, number: number)
            if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return }
            unsent.removeFirst()
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { refuse(number, code, body) }
        }
    }

    private func refuse(_ number: UInt, _ code: ResponseCode, _ body: (Outcome) -> Void) {
        if let letter = letters.removeValue(forKey: number) { body(.refused(letter.record.identity, code)) }
    }

    private func drop() {
        if let topic { rd_kafka_topic_destroy(topic) }
        topic = nil
        client = nil
    }

    /// The message's own headers, and where it was and why it failed.
    private func headers(_ letter: Letter) -> [KafkaRecord.Header] {
        let record = letter.record
        let own = [
            ("sluice.topic", record.partition.topic), ("sluice.partition", "\(record.partition.partition)"),
            ("sluice.offset", "\(record.identity.offset)"), ("sluice.group", settings.group),
            ("sluice.failure", letter.reason.description),
        ]
        return record.headers + own.map { KafkaRecord.Header(name: $0, value: Array($1.utf8)) }
    }
}

extension ProducerClient {
    /// Hands a copy of a record over; its number comes back with the report.
    ///
    /// - Returns: No error, or why it was not taken; then there will be no report.
    fileprivate func produce(
        _ record: KafkaRecord,
        _ headers: [KafkaRecord.Header],
        to topic: OpaquePointer,
        number: UInt
    ) -> ResponseCode {
        let list = rd_kafka_headers_new(headers.count)
        for header in headers {
            _ = (header.value ?? []).withUnsafeBytes { value in
                let start = header.value == nil ? nil : value.start
                return rd_kafka_header_add(list, header.name, header.name.utf8.count, start, value.count)
            }
        }
        let code = (record.key ?? []).withUnsafeBytes { key in
            (record.value ?? []).withUnsafeBytes { value in
                var fields = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 6)
                (fields[0].vtype, fields[0].u.rkt) = (RD_KAFKA_VTYPE_RKT, topic)
                (fields[1].vtype, fields[1].u.i) = (RD_KAFKA_VTYPE_MSGFLAGS, Int32(RD_KAFKA_MSG_F_COPY))
                (fields[2].vtype, fields[2].u.ptr) = (
                    RD_KAFKA_VTYPE_OPAQUE, UnsafeMutableRawPointer(bitPattern: number)
                )
                (fields[3].vtype, fields[3].u.headers) = (RD_KAFKA_VTYPE_HEADERS, list)
                let (keyStart, valueStart) = (
                    record.key == nil ? nil : key.start, record.value == nil ? nil : value.start
                )
                (fields[4].vtype, fields[4].u.mem) = (RD_KAFKA_VTYPE_KEY, .init(ptr: keyStart, size: key.count))
                (fields[5].vtype, fields[5].u.mem) = (RD_KAFKA_VTYPE_VALUE, .init(ptr: valueStart, size: value.count))
                guard let error = rd_kafka_produceva(handle, fields, fields.count) else {
                    return RD_KAFKA_RESP_ERR_NO_ERROR
                }
                defer { rd_kafka_error_destroy(error) }
                return rd_kafka_error_code(error)
            }
        }
        // The record that is taken owns its headers.
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { rd_kafka_headers_destroy(list) }
        return code
    }
}

extension UnsafeRawBufferPointer {
    /// Where the bytes are; never null, which would stand for null itself instead of an empty one.
    fileprivate var start: UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(mutating: baseAddress) ?? UnsafeMutableRawPointer(bitPattern: 1)
    }
}
