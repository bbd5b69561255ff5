import SluiceSinks

/// A subject, in which `{schema}` and `{table}` stand for those of a message.
struct SubjectTemplate: Sendable {
    /// As the user wrote it.
    let text: String

    private let needsTable: Bool

    init(_ text: String) throws(SinkError) {
        self.text = text
        needsTable = text.contains("{schema}") || text.contains("{table}")
        let sample = Self.filled(text, schema: "s", table: "t")
        guard sample.isSubject, !sample.contains(where: { "*>{}".contains($0) }) else {
            throw SinkError(
                .badURL,
                "nats: The path is the subject of the messages, as in nats://HOST/changes.{schema}.{table}: parts with dots "
                    + "between them, without spaces and wildcards."
            )
        }
    }

    /// The subject of a message; `nil` if there is none, since its table is not known or has a name that cannot be part
    /// of a subject.
    func subject(schema: String?, table: String?) -> String? {
        guard needsTable else { return text }
        guard let schema, let table else { return nil }
        let subject = Self.filled(text, schema: schema, table: table)
        return subject.isSubject && !subject.contains(where: { "*>".contains($0) }) ? subject : nil
    }

    private static func filled(_ text: String, schema: String, table: String) -> String {
        var result = ""
        var rest = text[...]
        while let brace = rest.firstIndex(of: "{") {
            result += rest[..<brace]
            rest = rest[brace...]
            if rest.hasPrefix("{schema}") {
                result += schema
                rest = rest.dropFirst("{schema}".count)
            } else if rest.hasPrefix("{table}") {
                result += table
                rest = rest.dropFirst("{table}".count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
