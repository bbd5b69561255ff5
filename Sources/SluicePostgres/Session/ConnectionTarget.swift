internal import CLibPQ

/// Where to connect: a `postgres://` URL or a libpq connection string, checked but not yet used.
///
/// libpq's environment variables, service files and `.pgpass` fill in what it leaves out. It may hold a password, which
/// no description shows.
package struct ConnectionTarget: Sendable {
    /// As the user wrote it, password included: for libpq only.
    let string: String

    /// What the string itself sets, by libpq's keyword.
    private let values: [String: String]

    /// Checks a connection string.
    ///
    /// - Parameter string: A URL or `key=value` pairs.
    /// - Throws: `badURL`; the message never quotes the string, because it may hold a password.
    package init(_ string: String) throws(ReplicationError) {
        var message: UnsafeMutablePointer<CChar>?
        guard !string.utf8.contains(0), let options = PQconninfoParse(string, &message) else {
            let text = message.map { String(cString: $0) } ?? ""
            PQfreemem(message)
            throw Self.malformed(libpq: text)
        }
        self.string = string
        values = Self.values(of: options)
        PQconninfoFree(options)
    }

    /// What libpq would use for a keyword: from the string, else from the environment; `nil` if only a default is left.
    func value(of keyword: String) -> String? {
        if let value = values[keyword] { return value }
        guard let defaults = PQconndefaults() else { return nil }
        defer { PQconninfoFree(defaults) }
        return Self.values(of: defaults)[keyword]
    }

    /// Every secret that a message of libpq could repeat.
    var secrets: [String] {
        ["password", "sslpassword"].compactMap { value(of: $0) }.filter { !$0.isEmpty }
    }

    static func values(of options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var result: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val, value.pointee != 0 {
                result[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return result
    }

    private static func malformed(libpq text: String) -> ReplicationError {
        var message = "The connection string cannot be read."
        if text.contains("percent-encoded") {
            message += " A character after % is wrong: write a literal % as %25."
        } else if text.contains("option") || text.contains("parameter") {
            message += " It sets an option that libpq does not know, or gives one without a value."
        }
        message += " Write postgres://user@host:port/database (percent-encode special characters in the password), "
        message += "or libpq's host=... dbname=... form."
        return ReplicationError(.badURL, message)
    }
}

extension ConnectionTarget: CustomStringConvertible, CustomReflectable {
    /// User, host, port and database as a URL; never the password.
    package var description: String {
        if let service = values["service"] { return "service \(service)" }
        let user = value(of: "user").map { "\($0)@" } ?? ""
        let host = value(of: "host") ?? value(of: "hostaddr") ?? "localhost"
        let port = value(of: "port") ?? "5432"
        let database = value(of: "dbname") ?? value(of: "user") ?? ""
        return "postgres://\(user)\(host):\(port)/\(database)"
    }

    /// Only the description, so that a dump shows no password either.
    package var customMirror: Mirror {
        Mirror(self, children: ["description": description])
    }
}

extension ConnectionTarget {
    /// The host that messages name as their origin.
    package var host: String { value(of: "host") ?? value(of: "hostaddr") ?? "localhost" }
}
