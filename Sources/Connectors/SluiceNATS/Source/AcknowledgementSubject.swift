/// What the reply subject of a message says about it: `$JS.ACK.…` with 9 parts, or 11 and more with domain and account.
///
/// https://docs.nats.io/reference/reference-protocols/nats_api_reference#acknowledging-messages
struct AcknowledgementSubject {
    static let prefix = "$JS.ACK."

    let metadata: [String: String]

    /// - Returns: `nil` if it is not one.
    init?(_ reply: String) {
        guard reply.hasPrefix(Self.prefix) else { return nil }
        var parts = reply.split(separator: ".", omittingEmptySubsequences: false).dropFirst(2)
        var metadata: [String: String] = [:]
        if parts.count >= 9 {
            // No domain is written as an underscore.
            if let domain = parts.popFirst(), domain != "_" { metadata["Domain"] = String(domain) }
            parts = parts.dropFirst()
        }
        guard parts.count >= 7 else { return nil }
        let names = [
            "Stream", "Consumer", "NumDelivered", "Sequence.Stream", "Sequence.Consumer", "Timestamp", "NumPending",
        ]
        for (name, part) in zip(names, parts) { metadata[name] = String(part) }
        self.metadata = metadata
    }
}
