import SluiceSinks

/// The servers of a cluster, and how to get in: `nats://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]]…[/PATH][?OPTIONS]`.
///
/// `nats://TOKEN@HOST` is a token. `tls://` asks for TLS, as do its options `tls.ca`, `tls.cert` and `tls.key`; `credentials`
/// names a credentials file. All parts are percent-decoded.
struct NATSAddress: Sendable {
    enum Login: Sendable {
        case user(String, password: String)
        case token(String)
    }

    /// Each as `HOST:PORT`.
    let hosts: [String]
    let login: Login?
    let isSecure: Bool
    /// Behind the hosts, without the first slash; empty if there is none.
    let path: String
    /// A file with a JWT and a seed.
    let credentials: String?
    /// PEM files: who signs servers' certificates, the client's certificate, and its key.
    let certificateAuthority, certificate, key: String?

    static let optionNames = "credentials, tls.ca, tls.cert and tls.key"

    /// Reads a URL, and takes its own options; the caller takes the others, and ends the reading.
    ///
    /// - Throws: `badURL`, without any part that may be secret.
    init(_ text: String) throws(SinkError) {
        var options = try SinkOptions(Self.query(text), sink: "nats:")
        try self.init(text, &options)
        try options.end(known: Self.optionNames)
    }

    init(_ text: String, _ options: inout SinkOptions) throws(SinkError) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme == "nats" || scheme == "tls", text.dropFirst(scheme.count).hasPrefix("://") else {
            throw Self.error("A NATS server is written nats://HOST:PORT")
        }
        let rest = text.dropFirst(scheme.count + 3).prefix { $0 != "?" }
        let place = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let authority = place[0].split(separator: "@", omittingEmptySubsequences: false)
        guard authority.count <= 2 else { throw Self.error("An @ in a name or a password is written %40") }
        login = authority.count == 2 ? try Self.login(authority[0]) : nil
        hosts = try (authority.last ?? "").split(separator: ",", omittingEmptySubsequences: false).map(Self.host)
        guard let path = (place.count == 2 ? place[1] : "").percentDecoded else {
            throw Self.error("The path of the URL has a % without two hexadecimal digits")
        }
        self.path = path
        credentials = options.text("credentials")
        certificateAuthority = options.text("tls.ca")
        certificate = options.text("tls.cert")
        key = options.text("tls.key")
        guard (certificate == nil) == (key == nil) else { throw Self.error("tls.cert and tls.key go together") }
        isSecure = scheme == "tls" || certificateAuthority != nil || certificate != nil
    }

    /// What is behind the question mark.
    static func query(_ text: String) -> Substring { text.drop { $0 != "?" }.dropFirst() }

    /// For people, without secrets.
    var name: String { "\(isSecure ? "tls" : "nats")://\(hosts.joined(separator: ","))" }

    private static func login(_ text: Substring) throws(SinkError) -> Login {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let plain = parts.compactMap(\.percentDecoded)
        guard plain.count == parts.count, plain.allSatisfy({ !$0.isEmpty }) else {
            throw error("The name or the password of the URL is empty, or not percent-encoded text")
        }
        return plain.count == 2 ? .user(plain[0], password: plain[1]) : .token(plain[0])
    }

    private static func host(_ text: Substring) throws(SinkError) -> String {
        // In brackets colons belong to an address of IPv6.
        let end = text.hasPrefix("[") ? text.firstIndex(of: "]") : text.firstIndex(of: ":")
        let colon = end.flatMap { text[$0...].firstIndex(of: ":") }
        let name = text[..<(colon ?? text.endIndex)]
        let port = colon.map { text[$0...].dropFirst() }
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 32 && $0 < 127 }),
            port.map({ UInt16($0).map { $0 > 0 } ?? false }) ?? true
        else { throw error("A server is written HOST:PORT; several are separated by commas") }
        return "\(name):\(port ?? "4222")"
    }

    private static func error(_ text: String) -> SinkError { SinkError(.badURL, "nats: \(text).") }
}
