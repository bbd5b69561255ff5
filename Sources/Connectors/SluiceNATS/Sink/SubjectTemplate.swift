import SluiceSinks

/// A subject, in which `{schema}` and `{table}` stand for those of a message.
struct SubjectTemplate: Sendable {
    private let template: NameTemplate

    init(_ text: String) throws(SinkError) {
        guard let template = try? NameTemplate(text), Self.isPlain(template.name(schema: "s", table: "t")) else {
            throw SinkError(
                .badURL,
                "nats: The path is the subject of the messages, as in nats://HOST/changes.{schema}.{table}: parts with dots "
                    + "between them, without spaces and wildcards."
            )
        }
        self.template = template
    }

    /// As the user wrote it.
    var text: String { template.description }

    /// The subject of a message; `nil` if there is none, since its table is not known or has a name that cannot be part
    /// of a subject.
    func subject(schema: String?, table: String?) -> String? {
        if let fixed = template.fixed { return fixed }
        guard let schema, let table else { return nil }
        let subject = template.name(schema: schema, table: table)
        return Self.isPlain(subject) ? subject : nil
    }

    private static func isPlain(_ subject: String) -> Bool {
        subject.isSubject && !subject.contains { "*>".contains($0) }
    }
}
