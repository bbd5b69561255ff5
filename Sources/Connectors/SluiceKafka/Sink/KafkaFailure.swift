import CLibRDKafka
import SluiceSinks

/// Says what a failure means for the user.
struct KafkaFailure {
    private let settings: KafkaSettings

    init(_ settings: KafkaSettings) {
        self.settings = settings
    }

    /// The error for a code that waiting does not cure, with the topic that was asked for or written to; `nil` for
    /// other codes.
    func lasting(_ code: ResponseCode, topic: String?) -> SinkError? {
        switch Verdict(code) {
        case .missing: missing(code, topic: topic)
        case .unauthorized: unauthorized(code.text, object: topic.map { "the topic \"\($0)\"" } ?? "the cluster")
        default: nil
        }
    }

    var isTopicFixed: Bool { settings.topic.fixed != nil }

    /// The topic's name, or the template if the message has none.
    func topic(of message: OutgoingMessage) -> String {
        (try? settings.topic.topic(schema: message.schema, table: message.table).get()) ?? settings.topic.description
    }

    /// What becomes of a message that a broker, or the library, does not take alone either.
    func refusal(of message: OutgoingMessage, _ code: ResponseCode) -> SendResult {
        .refused(reason: refusalReason(of: message, code))
    }

    /// Why a message is not taken, with its size and the limit.
    func refusalReason(of message: OutgoingMessage, _ code: ResponseCode) -> String {
        let isHere = message.byteCount > ClientConfiguration.largestRecord(settings) - 512
        let limit =
            code != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            ? ""
            : isHere
                ? " The limit is message.max.bytes of the kafka: URL, \(ClientConfiguration.largestRecord(settings))."
                : " The limit is max.message.bytes of the topic, or message.max.bytes of the brokers."
        return "The topic \"\(topic(of: message))\" does not take a message of \(message.byteCount) bytes: "
            + "\(code.text).\(limit)"
    }

    func missing(_ code: ResponseCode, topic: String?) -> SinkError {
        SinkError(
            .missing,
            "\(cluster) has no topic \"\(topic ?? settings.topic.description)\" (\(code.text)). Create it, for example "
                + "with kafka-topics.sh --create, or add allow.auto.create.topics=true if the brokers may create topics."
        )
    }

    /// The error for a cluster that was not reached.
    func unreachable(_ trouble: Trouble) -> SinkError {
        let text = settings.options.redacted(trouble.text)
        switch trouble.code {
        case _ where trouble.weight == 3:
            return unauthorized(text, object: "a connection")
        case _ where trouble.isAboutTLS:
            return SinkError(
                .unavailable,
                "\(cluster): TLS fails: \(text). Check ssl.ca.location, that the certificate names the host, and that "
                    + "security.protocol is the listener's."
            )
        case RD_KAFKA_RESP_ERR__RESOLVE:
            return SinkError(.unavailable, "\(cluster): \(text). Check the host names in the kafka: URL.")
        default:
            return SinkError(
                .unavailable,
                "\(cluster) cannot be reached: \(text). Check that the brokers run there, and security.protocol."
            )
        }
    }

    /// The error for a request whose time is over.
    func overdue(_ trouble: Trouble?) -> SinkError {
        if let trouble, trouble.weight == 3 { return unreachable(trouble) }
        let reason = trouble.map { settings.options.redacted($0.text) } ?? "the brokers do not answer"
        return SinkError(
            .unavailable,
            "\(cluster) did not acknowledge everything within \(settings.options.timeout): \(reason)."
        )
    }

    func unauthorized(_ text: String, object: String) -> SinkError {
        let protocolName = settings.options.value(of: "security.protocol")?.lowercased() ?? "plaintext"
        let user =
            if protocolName.hasPrefix("sasl") {
                "the user \"\(settings.options.value(of: "sasl.username") ?? "")\" by \(mechanism)"
            } else {
                "this client, which names no user (security.protocol=\(protocolName)),"
            }
        return SinkError(
            .notAuthorized,
            "\(cluster) refuses \(object) to \(user): \(text). Check the credentials and the access rules."
        )
    }

    private var mechanism: String {
        settings.options.value(of: "sasl.mechanisms") ?? settings.options.value(of: "sasl.mechanism") ?? "GSSAPI"
    }

    /// A text of the library or of a broker without secrets.
    func redacted(_ text: String) -> String { settings.options.redacted(text) }

    var cluster: String { "The Kafka cluster at \(settings.brokers)" }
}
