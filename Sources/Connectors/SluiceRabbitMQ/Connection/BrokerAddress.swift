import SluiceSinks

/// Where a broker is, and who asks: `amqp://USER:PASSWORD@HOST:PORT/VHOST`.
///
/// As RabbitMQ has it, https://www.rabbitmq.com/docs/uri-spec: all parts are percent-decoded, and without user, port and
/// virtual host they are `guest`, 5672 or 5671, and `/`.
struct BrokerAddress: Hashable, Sendable {
    var isSecure: Bool
    var user: String
    var password: String
    /// An IPv6 address without its brackets.
    var host: String
    var port: Int
    var virtualHost: String

    /// Reads a URL without a query.
    ///
    /// - Throws: `badURL`; it never repeats the text, which may hold a password.
    init(_ text: Substring) throws(SinkError) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { throw Self.error() }
        switch text[..<colon].lowercased() {
        case "amqp": isSecure = false
        case "amqps": isSecure = true
        default: throw Self.error()
        }
        let rest = text[colon...].dropFirst(3)
        guard !rest.contains(where: { "?#".contains($0) }) else {
            throw Self.error(" What stands in it for itself, a ? or # in a password for example, is percent-encoded.")
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        let path = rest[slash...].dropFirst()
        guard !path.contains("/") else { throw Self.error(" The virtual host / is written %2F, or left out.") }
        virtualHost = path.isEmpty ? "/" : try Self.decoded(path, "virtual host")

        let at = authority.lastIndex(of: "@")
        let login = at.map { authority[..<$0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) }
        user = try login.map { parts throws(SinkError) in try Self.decoded(parts[0], "user") } ?? "guest"
        password = ""
        if let login, login.count == 2 { password = try Self.decoded(login[1], "password") }
        if login == nil { password = "guest" }

        var place = at.map { authority[authority.index(after: $0)...] } ?? authority
        port = isSecure ? 5671 : 5672
        if let colon = place.lastIndex(of: ":"), !place.hasSuffix("]") {
            guard let number = Int(place[place.index(after: colon)...]), (1...65535).contains(number) else {
                throw Self.error(" The port is a number from 1 to 65535.")
            }
            port = number
            place = place[..<colon]
        }
        if place.hasPrefix("["), place.hasSuffix("]") { place = place.dropFirst().dropLast() }
        host = try Self.decoded(place, "host")
        guard !host.isEmpty, !user.isEmpty else { throw Self.error() }
    }

    /// The URL without user and password.
    var name: String {
        let host = host.contains(":") ? "[\(host)]" : host
        let path = virtualHost == "/" ? "" : "/\(virtualHost)"
        return "\(isSecure ? "amqps" : "amqp")://\(host):\(port)\(path)"
    }

    private static func error(_ more: String = "") -> SinkError {
        SinkError(.badURL, "A broker is written amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps: with TLS.\(more)")
    }

    private static func decoded(_ text: Substring, _ part: String) throws(SinkError) -> String {
        guard let decoded = text.percentDecoded else {
            throw error(" The \(part) has a % that does not begin a byte of UTF-8.")
        }
        return decoded
    }
}
