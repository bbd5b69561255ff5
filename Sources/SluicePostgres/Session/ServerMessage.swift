internal import CLibPQ

/// An error as the server or libpq gave it, freed of secrets.
struct ServerMessage: Equatable, Sendable {
    /// Postgres' five-character code.
    var sqlState: String?

    /// The main line.
    var text: String

    /// The server's detail, if any.
    var detail: String?

    init(sqlState: String?, text: String, detail: String? = nil) {
        self.sqlState = sqlState
        self.text = text
        self.detail = detail
    }

    /// Takes the fields of a failed result.
    init(result: OpaquePointer?, hiding secrets: [String]) {
        // The field codes of libpq are characters: C the SQLSTATE, M the message, D the detail.
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue, let value = PQresultErrorField(result, Int32(ascii)) else { return nil }
            return Self.hide(secrets, in: String(cString: value))
        }
        sqlState = field("C")
        detail = field("D")
        if let message = field("M") {
            text = message
        } else {
            let message = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
            text = Self.oneLine(Self.hide(secrets, in: message))
        }
    }

    /// Reads libpq's verbose report of a failed connection, the only form in which it gives the SQLSTATE.
    ///
    /// A line is `connection to server at "..." failed: FATAL:  28P01: text`; what the server calls FATAL may be
    /// translated.
    init(connectionReport report: String, hiding secrets: [String]) {
        var lines: [String] = []
        for line in Self.hide(secrets, in: report).split(separator: "\n") where !line.hasPrefix("LOCATION:") {
            if let (code, text) = Self.splitCode(line) {
                sqlState = code
                lines = [text]
            } else if sqlState == nil {
                lines.append(String(line))
            }
        }
        text = Self.oneLine(lines.joined(separator: " "))
    }

    private static func splitCode(_ line: Substring) -> (code: String, text: String)? {
        var rest = line
        while let start = rest.firstRange(of: ":  ")?.upperBound {
            rest = rest[start...]
            let code = rest.prefix(5)
            if code.utf8.count == 5, code.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }),
                rest.dropFirst(5).hasPrefix(": ")
            {
                return (String(code), String(rest.dropFirst(7)))
            }
        }
        return nil
    }

    static func hide(_ secrets: [String], in text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "***") }
    }

    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
