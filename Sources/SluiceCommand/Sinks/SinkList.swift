import SluiceSinks

/// The sinks of a stream as a user names them, each with the tables that it gets: `NAME?tables=a,b`, of webhooks
/// `NAME#tables=a,b`.
struct SinkList: Sendable {
    private let names: [SinkName]
    private let notice: @Sendable (String) -> Void

    /// The sinks, each once.
    let choices: [SinkChoice]

    /// Reads names.
    ///
    /// - Parameters:
    ///   - texts: What the user wrote; at least one.
    ///   - notice: Gets sentences for the user while the sinks are at work.
    /// - Throws: ``SinkError`` that says what is wrong with a name, or that two are the same sink.
    init(_ texts: [String], notice: @escaping @Sendable (String) -> Void) throws(SinkError) {
        self.notice = notice
        var names: [SinkName] = []
        var choices: [SinkChoice] = []
        var identities: Set<String> = []
        for text in texts {
            let (rest, tables) = try Self.split(text)
            let name = try SinkName(rest, notice: notice)
            let identity = name.makeSink().identity
            guard identities.insert(identity).inserted else {
                throw SinkError(.badURL, "\(identity) is named twice. Name it once, with all of its tables.")
            }
            names.append(name)
            choices.append(SinkChoice(makeSink: name.makeSink, tables: tables))
        }
        self.names = names
        self.choices = choices
    }

    /// A place for what those of the sinks that are brokers or endpoints do not take.
    ///
    /// - Parameter text: What the user wrote.
    /// - Returns: Makes the place, each time anew.
    /// - Throws: ``SinkError`` if this cannot be such a place, or if no sink needs one.
    func deadLetters(to text: String) throws(SinkError) -> @Sendable (SourceIdentity) -> (any DeadLetterBox)? {
        try SinkName(text, notice: notice).deadLetters(for: names.first(where: \.mayRefuse) ?? names[0])
    }

    /// A sink's identity in the state file, from its name or from the identity itself.
    static func identity(of text: String) throws(SinkError) -> String {
        try SinkName(split(text).name, notice: { _ in }).makeSink().identity
    }

    /// Takes the option `tables` from a name's query.
    private static func split(_ text: String) throws(SinkError) -> (name: String, tables: [String]) {
        let key = "tables="
        // The query of a webhook's URL is the endpoint's own.
        let mark: Character = text.lowercased().hasPrefix("http") ? "#" : "?"
        guard let query = text.firstIndex(of: mark) else { return (text, []) }
        let options = text[text.index(after: query)...].split(separator: "&", omittingEmptySubsequences: false)
        let values = options.filter { $0.hasPrefix(key) }.map { $0.dropFirst(key.count) }
        guard !values.isEmpty else { return (text, []) }
        guard values.count == 1, let tables = TableNames(argument: String(values[0])) else {
            throw SinkError(
                .badURL,
                "tables= takes names of tables, as name or schema.name, separated by commas, and is given once."
            )
        }
        let others = options.filter { !$0.hasPrefix(key) }.joined(separator: "&")
        return (text[..<query] + (others.isEmpty ? "" : "\(mark)\(others)"), tables.names)
    }
}
