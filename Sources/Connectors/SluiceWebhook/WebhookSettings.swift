import Crypto
import SluiceHTTP
import SluiceSinks

/// What a user wrote to name an endpoint.
///
/// The options stand in the fragment, which is never sent to a server: so they cannot be confused with what the endpoint
/// wants to have in its own query.
struct WebhookSettings {
    /// Where requests go, its query included: that may hold a secret.
    let url: String
    /// The same for people, and for the state file.
    let name: String
    /// Whether several messages go into one request.
    let isBatch: Bool
    /// How large requests are, and how many there are at a time.
    let limits: RequestLimits
    /// How long an answer may take.
    let timeout: Duration
    /// What is sent in each request beside what Sluice sends.
    let headers: [HTTPField]
    /// Signs requests; `nil` if they are not signed.
    let signature: WebhookSignature?

    /// Reads a sink's name.
    ///
    /// - Parameters:
    ///   - text: Begins with `https://` or `http://`.
    ///   - environment: Holds what must not stand in a command line.
    /// - Throws: `badURL`; the message repeats neither the query nor a value from the environment.
    init(_ text: String, environment: [String: String]) throws(SinkError) {
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let address = parts[0].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let server = ServerAddress(String(address[0])) else {
            let advice =
                address[0].contains("@") ? " A password goes into a header: #header.Authorization=VARIABLE." : ""
            throw SinkError(.badURL, "A webhook is a URL, as in https://example.com/changes#batch=false.\(advice)")
        }
        url = String(parts[0])
        // What is in the query tells endpoints apart, but may be a token.
        let query =
            address.count == 2 ? "?sha256:\(SHA256.hash(data: Array(address[1].utf8)).hexadecimal.prefix(16))" : ""
        name = server.origin + server.path + query

        var options = try SinkOptions(parts.count == 2 ? parts[1] : "", sink: "\(name):")
        isBatch = try options.flag("batch", default: true)
        limits = RequestLimits(
            messages: try options.number("batch_size", default: isBatch ? 10 : 1, in: 1...(isBatch ? 1000 : 1)),
            bytes: try options.number("max_bytes", default: 1_048_576, in: 1024...1_073_741_824),
            concurrency: try options.number("concurrency", default: 8, in: 1...1000)
        )
        timeout = try options.seconds("timeout", default: 30, in: 1...300)
        var headers: [HTTPField] = []
        for (header, variable) in options.texts(prefix: "header.") {
            headers.append(try Self.header(header, from: variable, environment, sink: name))
        }
        self.headers = headers
        if let variable = options.text("secret") {
            let secrets = try Self.value(of: variable, environment, sink: name)
            signature = try WebhookSignature(secrets: secrets, variable: variable)
        } else {
            signature = nil
        }
        try options.end(known: "batch, batch_size, max_bytes, concurrency, timeout, secret and header.NAME")
    }

    private static let own: Set<String> = [
        "connection", "content-length", "content-type", "expect", "host", "idempotency-key", "transfer-encoding",
        "upgrade",
        "user-agent", "webhook-id", "webhook-signature", "webhook-timestamp",
    ]

    private static func header(
        _ header: String,
        from variable: String,
        _ environment: [String: String],
        sink: String
    ) throws(SinkError) -> HTTPField {
        // A token by RFC 9110, section 5.6.2.
        let isToken = header.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
        guard isToken, !header.isEmpty, !own.contains(header.lowercased()) else {
            throw SinkError(.badURL, "\(sink): The header \(header) cannot be set.")
        }
        let value = try value(of: variable, environment, sink: sink)
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw SinkError(.badURL, "\(sink): The variable \(variable) has characters that no header may have.")
        }
        return HTTPField(header, value)
    }

    private static func value(
        of variable: String,
        _ environment: [String: String],
        sink: String
    ) throws(SinkError) -> String {
        guard let value = environment[variable], !value.isEmpty else {
            throw SinkError(.badURL, "\(sink): The variable \(variable) is not set in the environment.")
        }
        return value
    }
}
