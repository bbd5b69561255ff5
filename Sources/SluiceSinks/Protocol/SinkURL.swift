/// What a user writes to name a sink.
///
/// - `-`: standard output.
/// - `file:PATH`: a file, one JSON object per line.
/// - `sqlite:PATH`: a SQLite database.
///
/// Paths are taken as they are, without percent-decoding; `file:///var/log/x` and `file:/var/log/x` are the same.
public struct SinkURL: Hashable, Sendable {
    private enum Kind: Hashable, Sendable {
        case standardOutput
        case file(path: String)
        case sqlite(path: String)
    }

    private let kind: Kind

    private static let own = ["- (standard output)", "file:PATH", "sqlite:PATH"]

    /// Reads a sink's name.
    ///
    /// - Parameters:
    ///   - text: What the user wrote.
    ///   - others: The forms of sinks that the caller knows beside these, such as `sqs:QUEUE_URL`; messages name them.
    /// - Throws: ``SinkError`` that says what is possible. It never repeats more than the scheme, since the rest may
    ///   hold a password.
    public init(_ text: String, besides others: [String] = []) throws(SinkError) {
        let forms = Self.own + others
        let known = "Sinks are \(forms.dropLast().joined(separator: ", ")) and \(forms.last ?? "")."
        if text == "-" {
            kind = .standardOutput
            return
        }
        guard let colon = text.firstIndex(of: ":") else {
            let advice = text.isEmpty ? "" : " For a file of that name write file:\(text)."
            throw SinkError(.badURL, "\"\(text)\" does not name a sink.\(advice) \(known)")
        }
        let scheme = text[..<colon].lowercased()
        let rest = text[text.index(after: colon)...]
        switch scheme {
        case "file": kind = .file(path: try Self.path(rest, scheme: scheme))
        case "sqlite": kind = .sqlite(path: try Self.path(rest, scheme: scheme))
        default:
            throw SinkError(.badURL, "\"\(scheme):\" is not a kind of sink. \(known)")
        }
    }

    /// Makes the sink; nothing is opened yet.
    public func makeSink() -> any Sink {
        switch kind {
        case .standardOutput: StandardOutputSink()
        case .file(let path): FileSink(path: path)
        case .sqlite(let path): SQLiteSink(path: path)
        }
    }

    /// Makes a place for dead letters; nothing is opened yet.
    ///
    /// - Returns: `nil` for standard output.
    public func makeDeadLetters() -> (any DeadLetterBox)? {
        switch kind {
        case .standardOutput: nil
        case .file(let path): FileDeadLetters(path: path)
        case .sqlite(let path): SQLiteDeadLetters(path: path)
        }
    }

    private static func path(_ rest: Substring, scheme: String) throws(SinkError) -> String {
        var path = rest
        if rest.hasPrefix("//") {
            path = rest.dropFirst(2)
            guard path.hasPrefix("/") else {
                throw SinkError(
                    .badURL,
                    "\(scheme)://HOST is another machine, where Sluice cannot write. Write \(scheme):PATH or "
                        + "\(scheme):///PATH."
                )
            }
        }
        guard !path.isEmpty, !path.contains("\0") else {
            throw SinkError(.badURL, "\(scheme): needs a path, as in \(scheme):changes.\(example(scheme)).")
        }
        guard path.last != "/" else {
            throw SinkError(.badURL, "\(path) is a folder. Give the path of a file in it.")
        }
        guard scheme != "sqlite" || path != ":memory:" else {
            throw SinkError(.badURL, "A database in memory is not durable. Give the path of a file.")
        }
        return String(path)
    }

    private static func example(_ scheme: String) -> String {
        scheme == "file" ? "ndjson" : "sqlite"
    }
}
