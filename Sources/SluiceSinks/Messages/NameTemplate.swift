/// The name of a topic, a stream or a subject, in which `{schema}` and `{table}` stand for those of a message.
package struct NameTemplate: Hashable, Sendable {
    /// The text has braces that are neither.
    package struct UnknownPlaceholder: Error {}

    private enum Piece: Hashable, Sendable {
        case text(String)
        case schema
        case table
    }

    private let pieces: [Piece]

    /// Reads a template.
    ///
    /// - Parameter text: What the user wrote; may be empty.
    /// - Throws: ``UnknownPlaceholder``.
    package init(_ text: String) throws(UnknownPlaceholder) {
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
                throw UnknownPlaceholder()
            }
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        self.pieces = pieces
    }

    /// Whether there is nothing in it.
    package var isEmpty: Bool { pieces.isEmpty }

    /// The name, if it is the same for all messages.
    package var fixed: String? {
        if pieces.count == 1, case .text(let text) = pieces[0] { text } else { nil }
    }

    /// The name for a table's messages.
    package func name(schema: String, table: String) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .schema: schema
            case .table: table
            }
        }.joined()
    }
}

extension NameTemplate: CustomStringConvertible {
    /// As the user wrote it.
    package var description: String { name(schema: "{schema}", table: "{table}") }
}
