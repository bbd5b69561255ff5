import Foundation
import SluiceSinks

/// A server and one of its databases, as a URL names them: `redis://USER:PASSWORD@HOST:PORT/DATABASE`.
struct RedisAddress: Hashable, Sendable {
    let host: String
    let port: Int
    let database: Int
    private(set) var user: String?
    private(set) var password: String?

    /// An option of the URL's query, decoded.
    struct Option: Hashable, Sendable {
        var name: String
        var value: String
    }

    /// Reads a URL without a query, but for `password.env=VARIABLE`.
    ///
    /// - Throws: `badURL` or `unsupported`, without any part that may be secret.
    init(_ text: String, environment: (String) -> String?) throws(SinkError) {
        let (address, options) = try Self.parse(text, environment: environment)
        guard options.isEmpty else {
            throw SinkError(.badURL, "The URL of a Redis server has no options but password.env.")
        }
        self = address
    }

    /// Reads a URL and the options of its query, each of which is there once.
    ///
    /// - Throws: `badURL` or `unsupported`, without any part that may be secret.
    static func parse(
        _ text: String,
        environment: (String) -> String?
    ) throws(SinkError) -> (address: RedisAddress, options: [Option]) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme != "rediss" else {
            throw SinkError(
                .unsupported,
                "rediss: is Redis over TLS, which the library hiredis 0.14 does not have. Write redis: and let a "
                    + "tunnel encrypt, such as stunnel."
            )
        }
        guard scheme == "redis", text.dropFirst(scheme.count).hasPrefix("://") else { throw form("is missing") }
        let parts = text.dropFirst(scheme.count + 3).split(
            separator: "?",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        var address = try RedisAddress(main: parts[0])
        var options = try parts.count == 2 ? options(of: parts[1]) : []
        if let place = options.firstIndex(where: { $0.name == "password.env" }) {
            let variable = options.remove(at: place).value
            guard address.password == nil else {
                throw SinkError(.badURL, "The Redis URL has a password, and password.env as well. Give one of them.")
            }
            guard let value = environment(variable), !value.isEmpty else {
                throw SinkError(.badURL, "The environment variable \(variable), which password.env names, is not set.")
            }
            address.password = value
        }
        return (address, options)
    }

    private init(main: Substring) throws(SinkError) {
        var rest = main
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let user = try Self.decode(parts[0], part: "user")
            self.user = user.isEmpty ? nil : user
            if parts.count == 2 { password = try Self.decode(parts[1], part: "password") }
            if password?.isEmpty == true { throw Self.form("has an empty password") }
            rest = rest[rest.index(after: at)...]
        }
        (host, port, database) = try Self.place(rest)
    }

    private static func place(_ text: Substring) throws(SinkError) -> (host: String, port: Int, database: Int) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        var host = text[..<slash]
        var port = 6379
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let number = Int(host[host.index(after: colon)...]), (1...65535).contains(number) else {
                throw form("has a port that is not a number from 1 to 65535")
            }
            port = number
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !host.contains(where: { "[]@#".contains($0) })
        else { throw form("has no host") }
        let path = text[slash...].dropFirst()
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw form("has a database that is not a number")
        }
        return (String(host), port, database)
    }

    private static func options(of query: Substring) throws(SinkError) -> [Option] {
        var options: [Option] = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decode(parts[0], part: "query")
            guard parts.count == 2 else {
                throw SinkError(.badURL, "The option \(name) of the Redis URL has no value.")
            }
            guard !options.contains(where: { $0.name == name }) else {
                throw SinkError(.badURL, "The option \(name) of the Redis URL is given twice.")
            }
            options.append(Option(name: name, value: try decode(parts[1], part: "option \(name)")))
        }
        return options
    }

    private static func decode(_ text: Substring, part: String) throws(SinkError) -> String {
        guard let plain = text.percentDecoded else {
            throw SinkError(.badURL, "The \(part) of the Redis URL is not percent-encoded text in UTF-8.")
        }
        return plain
    }

    private static func form(_ what: String) -> SinkError {
        SinkError(.badURL, "A Redis server is written redis://USER:PASSWORD@HOST:PORT/DATABASE; this URL \(what).")
    }
}

extension RedisAddress: CustomStringConvertible {
    /// Host, port and database.
    var description: String { "redis://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)" }
}
