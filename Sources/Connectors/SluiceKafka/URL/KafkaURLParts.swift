import SluiceSinks

/// The parts of a kafka: URL: `kafka://HOST:PORT[,HOST:PORT]/TOPIC?option=value&…`.
struct KafkaURLParts {
    let brokers: BrokerList
    /// Decoded, and not checked.
    let topic: String
    /// As it was written.
    let query: Substring

    /// - Parameters:
    ///   - text: What the user wrote.
    ///   - purpose: What it is to name, for messages.
    /// - Throws: `badURL`.
    init(_ text: String, as purpose: String) throws(SinkError) {
        let scheme = "kafka://"
        guard text.prefix(scheme.count).lowercased() == scheme else {
            throw SinkError(.badURL, "A Kafka \(purpose) is written kafka://HOST:PORT/TOPIC.")
        }
        let rest = text.dropFirst(scheme.count)
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard !place[0].contains("@") else {
            throw SinkError(
                .badURL,
                "A kafka: URL has no name and password before the hosts. Write them as the options sasl.username and "
                    + "sasl.password, or sasl.password.env."
            )
        }
        guard place.count == 2 else {
            throw SinkError(.badURL, "The kafka: URL names no topic. Write kafka://HOST:PORT/TOPIC.")
        }
        brokers = try BrokerList(place[0])
        topic = try Self.decode(place[1], part: "topic")
        query = parts.count == 2 ? parts[1] : ""
    }

    /// Decodes a part; a message names it by `part`, since the text itself may be a secret.
    static func decode(_ text: Substring, part: String) throws(SinkError) -> String {
        guard let decoded = text.percentDecoded else {
            throw SinkError(
                .badURL,
                "The \(part) of the kafka: URL is not text in UTF-8 whose every % has two hexadecimal digits behind it."
            )
        }
        return decoded
    }
}
