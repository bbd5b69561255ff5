import CLibRDKafka
import SluiceSinks

/// What a client is for.
enum ClientRole: Equatable {
    /// Writes; one by one each record is a message set of its own, so that a broker judges it alone.
    case producer(oneByOne: Bool)
    /// Writes in transactions under a name that only one process has at a time.
    case transactions(id: String)
    /// Reads what transactions have committed.
    case reader
    /// Reads as a member of a group that has these properties.
    case member([KafkaOptions.Property])

    var isReading: Bool {
        switch self {
        case .reader, .member: true
        case .producer, .transactions: false
        }
    }
}

/// librdkafka's configuration of one client, until the client takes it.
struct ClientConfiguration: ~Copyable {
    private let role: ClientRole
    private var handle: OpaquePointer?

    /// Takes what the URL says and what the sink needs.
    init(_ settings: KafkaSettings, _ role: ClientRole) throws(SinkError) {
        self.role = role
        handle = rd_kafka_conf_new()
        for property in settings.options.properties {
            try set(property.name, property.value, settings)
        }
        // What the sink promises rests on these; none of them can be set in the URL.
        try set("bootstrap.servers", settings.brokers.description, settings)
        try setDefault("client.id", "sluice", settings)
        try setDefault("allow.auto.create.topics", "false", settings)
        // Nothing goes to standard error: what matters comes as events, and what a library logs may hold secrets.
        rd_kafka_conf_set_log_cb(handle) { _, _, _, _ in }
        switch role {
        case .reader:
            try set("isolation.level", "read_committed", settings)
            try set("enable.partition.eof", "true", settings)
            return
        case .member(let properties):
            for property in properties { try set(property.name, property.value, settings) }
            rd_kafka_conf_set_events(
                handle,
                RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR
            )
            return
        case .producer(let oneByOne):
            try set("enable.gapless.guarantee", "true", settings)
            try set("message.timeout.ms", "0", settings)
            if oneByOne { try set("batch.num.messages", "1", settings) }
        case .transactions(let id):
            try set("transactional.id", id, settings)
            try setDefault("transaction.timeout.ms", "\(Int(settings.options.timeout / .milliseconds(1)))", settings)
        }
        try set("acks", "all", settings)
        try set("enable.idempotence", "true", settings)
        try setDefault("partitioner", "murmur2_random", settings)
        rd_kafka_conf_set_events(handle, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR)
    }

    deinit {
        if let handle { rd_kafka_conf_destroy(handle) }
    }

    private func setDefault(_ name: String, _ value: String, _ settings: KafkaSettings) throws(SinkError) {
        if settings.options.value(of: name) == nil { try set(name, value, settings) }
    }

    private func set(_ name: String, _ value: String, _ settings: KafkaSettings) throws(SinkError) {
        var reason = ErrorText()
        guard reason.fill({ rd_kafka_conf_set(handle, name, value, $0, $1) }) != RD_KAFKA_CONF_OK else { return }
        let text = settings.options.redacted(reason.text)
        throw SinkError(.badURL, "librdkafka refuses the option \(name) of the kafka: URL: \(text).")
    }

    /// Has the client tell when it joins its group.
    func tell(_ join: GroupJoin) {
        join.observe(handle)
    }

    /// The largest record that a client takes, in bytes of key, value and headers.
    ///
    /// One that is larger than the client's whole queue would wait for room for ever.
    static func largestRecord(_ settings: KafkaSettings) -> Int {
        func number(_ name: String) -> Int? { settings.options.value(of: name).flatMap { Int($0) } }
        return min(
            number("message.max.bytes") ?? number("max.message.bytes") ?? 1_000_000,
            number("queue.buffering.max.kbytes").map { $0 << 10 } ?? .max
        )
    }

    /// Makes the client.
    ///
    /// - Throws: `badURL` if options contradict each other, or name files that cannot be used.
    consuming func makeClient(_ settings: KafkaSettings) throws(SinkError) -> OpaquePointer {
        var reason = ErrorText()
        let client = reason.fill {
            rd_kafka_new(role.isReading ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, handle, $0, $1)
        }
        guard let client else {
            throw SinkError(
                .badURL,
                "librdkafka cannot make a client for \(settings.name): \(settings.options.redacted(reason.text))."
            )
        }
        handle = nil
        return client
    }
}

/// Room for a text that librdkafka writes.
struct ErrorText {
    private var bytes = [CChar](repeating: 0, count: 512)

    mutating func fill<Result>(_ body: (UnsafeMutablePointer<CChar>?, Int) -> Result) -> Result {
        bytes.withUnsafeMutableBufferPointer { body($0.baseAddress, $0.count) }
    }

    /// What was written, without a period at its end.
    var text: String {
        var text = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        while text.last == "." || text.last == "\n" { text.removeLast() }
        return text
    }
}
