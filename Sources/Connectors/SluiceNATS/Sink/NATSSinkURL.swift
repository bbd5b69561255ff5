public import SluiceSinks

/// What a user writes to name subjects of NATS JetStream: `nats://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]]…/SUBJECT`.
///
/// - SUBJECT may hold `{schema}` and `{table}`, which stand for those of each message. A stream has to take it.
/// - `stream=NAME`: messages are stored in this stream, or not at all.
/// - `timeout=SECONDS`: how long an answer may take, 1 to 300; 5 without it.
/// - `credentials`, `tls.ca`, `tls.cert`, `tls.key`: files, as for ``NATSSource``; `tls://` asks for TLS.
public struct NATSSinkURL: Sendable {
    let settings: NATSSinkSettings

    /// Reads a URL.
    ///
    /// - Parameter text: What the user wrote.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL`, without any part that may be secret.
    public init(_ text: String) throws(SinkError) {
        var options = try SinkOptions(NATSAddress.query(text), sink: "nats:")
        let address = try NATSAddress(text, &options)
        let stream = options.text("stream")
        let timeout = try options.seconds("timeout", default: 5, in: 1...300)
        try options.end(known: "stream, timeout, \(NATSAddress.optionNames)")
        guard stream?.isNATSName ?? true else {
            throw SinkError(.badURL, "nats: The name of a stream has no dots, spaces or wildcards.")
        }
        let subject = try SubjectTemplate(address.path)
        settings = NATSSinkSettings(address: address, subject: subject, stream: stream, timeout: timeout)
    }

    /// Makes the sink; nothing is opened yet.
    public func makeSink() -> NATSSink { NATSSink(settings) }
}

/// Where messages go.
struct NATSSinkSettings: Sendable {
    var address: NATSAddress
    var subject: SubjectTemplate
    /// Nil: whichever takes the subject.
    var stream: String?
    var timeout: Duration

    /// What names the sink in the state file and in messages.
    var name: String { "\(address.name)/\(subject.text)" }
}
