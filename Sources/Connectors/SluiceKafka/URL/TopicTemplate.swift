import SluiceSinks

/// A topic's name, in which `{schema}` and `{table}` stand for those of a message.
struct TopicTemplate: Hashable, Sendable {
    private enum Piece: Hashable, Sendable {
        case text(String)
        case schema
        case table
    }

    /// Kafka's limit for the length of a name.
    private static let longest = 249

    private let pieces: [Piece]

    init(_ text: String) throws(SinkError) {
        var pieces: [Piece] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            if brace > rest.startIndex { pieces.append(.text(String(rest[..<brace]))) }
            rest = rest[brace...]
            if rest.hasPrefix("{schema}") {
                pieces.append(.schema)
                rest = rest.dropFirst("{schema}".count)
            } else if rest.hasPrefix("{table}") {
                pieces.append(.table)
                rest = rest.dropFirst("{table}".count)
            } else {
                throw SinkError(.badURL, "The topic \"\(text)\" has braces that are neither {schema} nor {table}.")
            }
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
        guard !pieces.isEmpty else {
            throw SinkError(.badURL, "The kafka: URL names no topic. Write kafka://HOST:PORT/TOPIC.")
        }
        // With placeholders any name of one letter: the rest is known only with the message.
        if let fault = Self.fault(of: pieces.map { Self.text($0, schema: "s", table: "t") }.joined()) {
            throw SinkError(.badURL, "The topic \"\(text)\" cannot exist: \(fault).")
        }
    }

    /// Several topics that were checked one by one, for messages that name them together.
    init(list topics: [String]) {
        pieces = [.text(topics.joined(separator: ","))]
    }

    /// The name, if it is the same for all messages.
    var fixed: String? {
        if pieces.count == 1, case .text(let text) = pieces[0] { text } else { nil }
    }

    /// The topic of a table's messages.
    ///
    /// - Returns: A name that Kafka allows, or a failure that says why there is none.
    func topic(schema: String?, table: String?) -> Result<String, TopicFault> {
        if let fixed { return .success(fixed) }
        guard let schema, let table else {
            return .failure(TopicFault(reason: "its table is not known, and the topic is named after the table"))
        }
        let name = pieces.map { Self.text($0, schema: schema, table: table) }.joined()
        return Self.fault(of: name).map { .failure(TopicFault(reason: "its topic \"\(name)\" cannot exist: \($0)")) }
            ?? .success(name)
    }

    private static func text(_ piece: Piece, schema: String, table: String) -> String {
        switch piece {
        case .text(let text): text
        case .schema: schema
        case .table: table
        }
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
    var description: String {
        pieces.map { Self.text($0, schema: "{schema}", table: "{table}") }.joined()
    }
}
