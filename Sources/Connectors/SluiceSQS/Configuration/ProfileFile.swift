import SluiceSinks

/// One of the files that the AWS tools share: sections of settings, some with settings of their own.
///
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
struct ProfileFile: Equatable {
    /// By the section's name, and there by the setting's; a setting within a setting is `outer.inner`.
    private(set) var sections: [String: [String: String]] = [:]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: Its content.
    ///   - path: Where it is, for messages.
    /// - Throws: `corrupt` for a line that is neither a section nor a setting; the message does not repeat it.
    init(_ text: String, path: String) throws(SinkError) {
        var section: String?
        var outer: String?
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let content = line.trimmed
            if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
            if content.hasPrefix("["), let end = content.firstIndex(of: "]") {
                let name = Self.name(content[content.index(after: content.startIndex)..<end])
                sections[name, default: [:]].merge([:]) { old, _ in old }
                section = name
                outer = nil
                continue
            }
            guard let section, let equals = content.firstIndex(of: "=") else {
                throw SinkError(.corrupt, "Line \(number + 1) of \(path) is neither a [section] nor name = value.")
            }
            let name = content[..<equals].trimmed.lowercased()
            let value = String(content[content.index(after: equals)...].trimmed)
            if let outer, line.first?.isWhitespace == true {
                sections[section]?["\(outer).\(name)"] = value
            } else {
                sections[section]?[name] = value
                outer = value.isEmpty ? name : nil
            }
        }
    }

    /// An empty file.
    init() {}

    /// The words of a section's name with one space between them, and without quotes.
    private static func name(_ text: Substring) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ").filter { $0 != "\"" && $0 != "'" }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var result = drop(while: \.isWhitespace)
        while result.last?.isWhitespace == true { result.removeLast() }
        return result
    }
}
