import SluiceSinks

/// A topic's name, in which `{schema}` and `{table}` stand for those of a message.
struct TopicTemplate: Hashable, Sendable {
    /// Kafka's limit for the length of a name.
    private static let longest = 249

    private let template: NameTemplate

    init(_ text: String) throws(SinkError) {
        do {
            template = try NameTemplate(text)
        } catch {
            throw SinkError(.badURL, "The topic \"\(text)\" has braces that are neither {schema} nor {table}.")
        }
        guard !template.isEmpty else {
            throw SinkError(.badURL, "The kafka: URL names no topic. Write kafka://HOST:PORT/TOPIC.")
        }
        // With placeholders any name of one letter: the rest is known only with the message.
        if let fault = Self.fault(of: template.name(schema: "s", table: "t")) {
            throw SinkError(.badURL, "The topic \"\(text)\" cannot exist: \(fault).")
        }
    }

    /// Several topics that were checked one by one, for messages that name them together.
    init(list topics: [String]) throws(SinkError) {
        let text = topics.joined(separator: ",")
        do {
            template = try NameTemplate(text)
        } catch {
            throw SinkError(.badURL, "The topics \"\(text)\" have braces.")
        }
    }

    /// The name, if it is the same for all messages.
    var fixed: String? { template.fixed }

    /// The topic of a table's messages.
    ///
    /// - Returns: A name that Kafka allows, or a failure that says why there is none.
    func topic(schema: String?, table: String?) -> Result<String, TopicFault> {
        if let fixed { return .success(fixed) }
        guard let schema, let table else {
            return .failure(TopicFault(reason: "its table is not known, and the topic is named after the table"))
        }
        let name = template.name(schema: schema, table: table)
        return Self.fault(of: name).map { .failure(TopicFault(reason: "its topic \"\(name)\" cannot exist: \($0)")) }
            ?? .success(name)
    }

    /// Why Kafka would not take a name.
    private static func fault(of name: String) -> String? {
        if name.utf8.count > longest { return "it is longer than \(longest) characters" }
        if name == "." || name == ".." { return "Kafka does not allow this name" }
        let isLegal = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isLegal ? nil : "Kafka allows only letters of ASCII, digits, \".\", \"_\" and \"-\""
    }
}

/// Why a message has no topic.
struct TopicFault: Error, Hashable {
    let reason: String
}

extension TopicTemplate: CustomStringConvertible {
    /// As the user wrote it.
    var description: String { template.description }
}
