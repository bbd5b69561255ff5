import SluiceSinks

/// A routing key in which `{schema}` and `{table}` stand for those of a message.
struct RoutingKeyTemplate: Hashable, Sendable {
    private let text: String

    /// - Throws: `badURL` if there are other braces, or more bytes than AMQP has room for.
    init(_ text: String) throws(SinkError) {
        self.text = text
        let rest = text.replacing("{schema}", with: "").replacing("{table}", with: "")
        guard !rest.contains(where: { "{}".contains($0) }) else {
            throw SinkError(.badURL, "The routing key \"\(text)\" has braces that are neither {schema} nor {table}.")
        }
        guard rest.utf8.count <= Self.longest else {
            throw SinkError(.badURL, "A routing key has at most \(Self.longest) bytes, not \(rest.utf8.count).")
        }
    }

    /// AMQP counts the bytes of a name in one.
    static let longest = 255

    /// The key, if it is the same for all messages.
    var fixed: String? { text.contains("{") ? nil : text }

    /// The key of a message.
    ///
    /// - Returns: A key, or why there is none.
    func key(of message: OutgoingMessage) -> Result<String, Fault> {
        if let fixed { return .success(fixed) }
        guard let schema = message.schema, let table = message.table else {
            return .failure(Fault(reason: "its table is not known, and the routing key is made of the table's name"))
        }
        // One after the other would take a schema called "{table}" for a placeholder.
        let pieces = text.split(separator: "{schema}", omittingEmptySubsequences: false)
        let key = pieces.map { $0.replacing("{table}", with: table) }.joined(separator: schema)
        guard key.utf8.count <= Self.longest else {
            return .failure(
                Fault(reason: "its routing key has \(key.utf8.count) bytes, and AMQP allows \(Self.longest)")
            )
        }
        return .success(key)
    }

    /// Why a message has no routing key.
    struct Fault: Error {
        let reason: String
    }
}
