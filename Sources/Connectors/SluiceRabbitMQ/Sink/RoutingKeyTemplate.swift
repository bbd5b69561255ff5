import SluiceSinks

/// A routing key in which `{schema}` and `{table}` stand for those of a message.
struct RoutingKeyTemplate: Sendable {
    private let template: NameTemplate

    /// AMQP counts the bytes of a name in one.
    static let longest = 255

    /// - Throws: `badURL` if there are other braces, or more bytes than AMQP has room for.
    init(_ text: String) throws(SinkError) {
        do {
            template = try NameTemplate(text)
        } catch {
            throw SinkError(.badURL, "The routing key \"\(text)\" has braces that are neither {schema} nor {table}.")
        }
        let shortest = template.name(schema: "", table: "").utf8.count
        guard shortest <= Self.longest else {
            throw SinkError(.badURL, "A routing key has at most \(Self.longest) bytes, not \(shortest).")
        }
    }

    /// The key, if it is the same for all messages; a fanout exchange needs none.
    var fixed: String? { template.isEmpty ? "" : template.fixed }

    /// The key of a message.
    ///
    /// - Returns: A key, or why there is none.
    func key(of message: OutgoingMessage) -> Result<String, Fault> {
        if let fixed { return .success(fixed) }
        guard let schema = message.schema, let table = message.table else {
            return .failure(Fault(reason: "its table is not known, and the routing key is made of the table's name"))
        }
        let key = template.name(schema: schema, table: table)
        guard key.utf8.count <= Self.longest else {
            return .failure(Fault(reason: "its routing key has \(key.utf8.count) bytes, of \(Self.longest) at most"))
        }
        return .success(key)
    }

    /// Why a message has no routing key.
    struct Fault: Error {
        let reason: String
    }
}
