import SluiceSinks

/// The brokers that a client asks for the rest of the cluster: `HOST:PORT`, separated by commas.
struct BrokerList: Hashable, Sendable {
    /// Each as `HOST:PORT`, in alphabetical order, so that the same brokers are always written the same.
    private let brokers: [String]

    init(_ text: Substring) throws(SinkError) {
        var brokers: [String] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            brokers.append(try Self.broker(entry))
        }
        self.brokers = brokers.sorted()
    }

    private static func broker(_ text: Substring) throws(SinkError) -> String {
        let end = text.last == "]" ? nil : text.lastIndex(of: ":")
        let host = text[..<(end ?? text.endIndex)]
        // Kafka's own port.
        let port = end.map { text[text.index(after: $0)...] } ?? "9092"
        guard let number = UInt16(port), number > 0 else {
            throw SinkError(.badURL, "\"\(port)\" in the kafka: URL is not a port. Write HOST:PORT.")
        }
        let isAddress = host.first == "[" && host.last == "]"
        let letters = isAddress ? host.dropFirst().dropLast() : host
        let areLegal = letters.utf8.allSatisfy { isLegal($0) || isAddress && $0 == UInt8(ascii: ":") }
        guard !letters.isEmpty, areLegal else {
            throw SinkError(.badURL, "\"\(host)\" in the kafka: URL is not a host. Write kafka://HOST:PORT/TOPIC.")
        }
        return "\(host.lowercased()):\(number)"
    }

    private static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension BrokerList: CustomStringConvertible {
    /// As librdkafka's `bootstrap.servers`.
    var description: String { brokers.joined(separator: ",") }
}
