import SluiceHTTP
import SluiceSinks

/// A queue's URL and what it says about the queue.
struct QueueAddress: Equatable {
    /// As it goes into each request.
    let url: String
    /// Where the service is, according to the URL.
    let server: ServerAddress
    /// The last part of the path.
    let name: String

    /// Whether messages of one group are kept in order, and repeated ones dropped: the name of such a queue ends in
    /// `.fifo`, and no other's does.
    var isFIFO: Bool { name.hasSuffix(".fifo") }

    /// Reads a queue's URL.
    ///
    /// - Throws: `badURL` if it is none.
    init(_ text: String) throws(SinkError) {
        guard let server = ServerAddress(text), let name = server.path.split(separator: "/").last else {
            throw SinkError(
                .badURL,
                "sqs: needs the URL of a queue, as https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo."
            )
        }
        url = text
        self.server = server
        self.name = String(name)
    }

    /// The region, if the host is one of AWS's own.
    ///
    /// They are `sqs.REGION.amazonaws.com`, the same with a `.cn` behind it, `sqs-fips.REGION.amazonaws.com`,
    /// `sqs.REGION.api.aws`, `REGION.queue.amazonaws.com`, `queue.amazonaws.com` (which is us-east-1), and
    /// `vpce-ID.sqs.REGION.vpce.amazonaws.com`: https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
    var region: String? {
        var labels = server.host.split(separator: ".").map(String.init)
        if labels.suffix(2) == ["amazonaws", "com"] || labels.suffix(2) == ["api", "aws"] {
            labels.removeLast(2)
        } else if labels.suffix(3) == ["amazonaws", "com", "cn"] {
            labels.removeLast(3)
        } else {
            return nil
        }
        if labels == ["queue"] { return "us-east-1" }
        if labels.count == 2, labels[1] == "queue" { return labels[0] }
        if labels.last == "vpce" { labels.removeLast() }
        guard let service = labels.firstIndex(where: { $0 == "sqs" || $0 == "sqs-fips" }), service + 2 == labels.count
        else { return nil }
        return labels[service + 1]
    }
}
