/// What a user wrote behind a sink's address: `name=value`, joined by `&`, with percent-encoding.
///
/// Each option is taken once; one that nobody took is an error, so that a misspelt one is not silently ignored.
package struct SinkOptions {
    private let sink: String
    private var values: [String: String] = [:]

    /// Reads options.
    ///
    /// - Parameters:
    ///   - text: Without the character in front of the first one; may be empty.
    ///   - sink: What the sink is called in messages, for example `sqs:`.
    /// - Throws: `badURL` if an option has no value, or is there twice.
    package init(_ text: Substring, sink: String) throws(SinkError) {
        self.sink = sink
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = parts[0].percentDecoded, let value = parts[1].percentDecoded else {
                throw SinkError(.badURL, "\(sink) An option is written name=value; \"\(parts[0])\" is not.")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw SinkError(.badURL, "\(sink) The option \(name) is there twice.")
            }
        }
    }

    /// Takes a text.
    package mutating func text(_ name: String) -> String? {
        values.removeValue(forKey: name)
    }

    /// Takes the options whose names begin with a prefix.
    ///
    /// - Returns: The rest of each name with its value, ordered by name.
    package mutating func texts(prefix: String) -> [(name: String, value: String)] {
        let names = values.keys.filter { $0.hasPrefix(prefix) }.sorted()
        return names.map { (String($0.dropFirst(prefix.count)), values.removeValue(forKey: $0) ?? "") }
    }

    /// Takes `true` or `false`.
    package mutating func flag(_ name: String, default standard: Bool) throws(SinkError) -> Bool {
        switch text(name) {
        case nil: return standard
        case "true": return true
        case "false": return false
        case .some: throw SinkError(.badURL, "\(sink) The option \(name) is true or false.")
        }
    }

    /// Takes a whole number.
    package mutating func number(
        _ name: String,
        default standard: Int,
        in range: ClosedRange<Int>
    ) throws(SinkError) -> Int {
        guard let value = text(name) else { return standard }
        guard let number = Int(value), range.contains(number) else {
            throw SinkError(
                .badURL,
                "\(sink) The option \(name) is a number from \(range.lowerBound) to \(range.upperBound)."
            )
        }
        return number
    }

    /// Takes whole seconds.
    package mutating func seconds(
        _ name: String,
        default standard: Int,
        in range: ClosedRange<Int>
    ) throws(SinkError) -> Duration {
        .seconds(try number(name, default: standard, in: range))
    }

    /// Ends the reading.
    ///
    /// - Parameter known: The options that exist, for the message.
    /// - Throws: `badURL` if an option is left that nobody took.
    package func end(known: String) throws(SinkError) {
        guard let name = values.keys.min() else { return }
        throw SinkError(.badURL, "\(sink) There is no option \(name). The options are \(known).")
    }
}
