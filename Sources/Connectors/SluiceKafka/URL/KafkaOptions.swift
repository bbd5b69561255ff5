import SluiceSinks

/// The query of a kafka: URL.
struct KafkaOptions: Sendable {
    /// One of librdkafka's properties, as the user set it.
    struct Property: Hashable, Sendable {
        var name: String
        var value: String
    }

    /// What the URL is for: a sink has options of its own.
    enum Use {
        case writing
        case reading
    }

    /// Whether a record without a value follows each delete.
    private(set) var tombstones = true

    /// How long a request waits for its acknowledgements, and opening for the cluster.
    private(set) var timeout: Duration = .seconds(30)

    /// Under which name transactions are written; `nil`: without any.
    private(set) var transactionalID: String?

    /// Where a transactional sink's cursor is; `nil`: in a topic that is named after the slot.
    private(set) var cursorTopic: String?

    /// What librdkafka is told, in the order in which it was written.
    private(set) var properties: [Property] = []

    /// Properties that hold secrets.
    private static let secrets: Set<String> = [
        "sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "sasl.oauthbearer.config",
        "sasl.oauthbearer.client.secret",
    ]

    init(query: Substring, for use: Use, environment: (String) -> String?) throws(SinkError) {
        var seen: Set<String> = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            var name = try KafkaURLParts.decode(parts[0], part: "query")
            guard parts.count == 2 else {
                throw SinkError(.badURL, "The option \(name) of the kafka: URL has no value. Write \(name)=VALUE.")
            }
            var value = try KafkaURLParts.decode(parts[1], part: "option \(name)")
            if name.hasSuffix(".env"), Self.secrets.contains(String(name.dropLast(4))) {
                name = String(name.dropLast(4))
                value = try Self.secret(name, variable: value, environment)
            }
            guard seen.insert(name).inserted else {
                throw SinkError(.badURL, "The option \(name) of the kafka: URL is given twice.")
            }
            switch use {
            case .writing: try set(name, value)
            case .reading: try setForReading(name, value)
            }
        }
        try checkLinger()
        guard transactionalID != nil || cursorTopic == nil else {
            throw SinkError(.badURL, "cursor.topic is for transactions: give transactional.id as well, or neither.")
        }
    }

    /// Few messages never fill a batch: what waits for that has to be sent long before the request gives up.
    private func checkLinger() throws(SinkError) {
        for name in ["linger.ms", "queue.buffering.max.ms"] {
            guard let linger = value(of: name).flatMap(Double.init), linger * 2 > timeout / .milliseconds(1) else {
                continue
            }
            throw SinkError(
                .badURL,
                "\(name)=\(value(of: name) ?? "") is more than half of message.timeout.ms (\(timeout)), in which a message "
                    + "that waits for others has to be acknowledged. Give a shorter time."
            )
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(SinkError) {
        if let reason = RefusedOptions.reason(name, value) {
            throw SinkError(.badURL, "The option \(name) cannot be set: \(reason).")
        }
        switch name {
        case "tombstones":
            guard value == "on" || value == "off" else {
                throw SinkError(.badURL, "tombstones=\(value) is neither tombstones=on nor tombstones=off.")
            }
            tombstones = value == "on"
        case "transactional.id":
            guard !value.isEmpty else {
                throw SinkError(.badURL, "transactional.id is empty. Give a name that no other producer has.")
            }
            transactionalID = value
        case "cursor.topic":
            guard try TopicTemplate(value).fixed != nil else {
                throw SinkError(.badURL, "cursor.topic=\(value) has placeholders. Give the name of one topic.")
            }
            cursorTopic = value
        case "message.timeout.ms", "delivery.timeout.ms":
            // The sink keeps this time itself: what librdkafka gives up by itself leaves gaps in a key's order.
            guard let milliseconds = Int(value), (1000...3_600_000).contains(milliseconds) else {
                throw SinkError(.badURL, "\(name)=\(value) is not a number of milliseconds from 1000 to 3600000.")
            }
            timeout = .milliseconds(milliseconds)
        default:
            properties.append(Property(name: name, value: value))
        }
    }

    /// Takes a property for a source.
    mutating func setForReading(_ name: String, _ value: String) throws(SinkError) {
        if let reason = RefusedOptions.reason(name, value) ?? RefusedOptions.reasonForReading(name) {
            throw SinkError(.badOption, "The option \(name) of a Kafka source cannot be set: \(reason).")
        }
        guard self.value(of: name) == nil else {
            throw SinkError(.badOption, "The option \(name) of a Kafka source is given twice.")
        }
        properties.append(Property(name: name, value: value))
    }

    private static func secret(
        _ name: String,
        variable: String,
        _ environment: (String) -> String?
    ) throws(SinkError) -> String {
        guard let value = environment(variable), !value.isEmpty else {
            throw SinkError(
                .badURL,
                "The environment variable \(variable), which \(name).env names, is not set."
            )
        }
        return value
    }

    /// What the user set a property to; `nil` if nothing.
    func value(of name: String) -> String? {
        properties.first { $0.name == name }?.value
    }

    /// A text of the library or of a broker without the secrets that it may repeat.
    func redacted(_ text: String) -> String {
        var text = text
        for property in properties where Self.secrets.contains(property.name) && !property.value.isEmpty {
            var pieces: [Substring] = []
            var rest = text[...]
            while let range = rest.firstRange(of: property.value) {
                pieces += [rest[..<range.lowerBound], "***"]
                rest = rest[range.upperBound...]
            }
            text = (pieces + [rest]).joined()
        }
        return text
    }
}
