import SluiceKafka
import SluiceSinks

/// A sink as a user names it: any that this command knows.
struct SinkName: Sendable {
    private enum Kind {
        case own(SinkURL)
        case keyed(@Sendable () -> any KeyedSink)
    }

    private let scheme: String
    private let kind: Kind

    /// Reads a name.
    ///
    /// - Parameter text: What the user wrote.
    /// - Throws: ``SinkError`` that says what is possible, without more of the text than its scheme.
    init(_ text: String) throws(SinkError) {
        scheme = text.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "kafka":
            let url = try KafkaURL(text)
            kind = .keyed { url.makeSink() }
        default:
            kind = .own(try SinkURL(text))
        }
    }

    /// Makes the sink anew; nothing is opened yet.
    func makeSink() -> any Sink {
        switch kind {
        case .own(let url): url.makeSink()
        case .keyed(let makeSink): makeSink()
        }
    }

    /// Makes places for what another sink does not take, each time anew; nothing is opened yet.
    ///
    /// - Throws: ``SinkError`` if this cannot be such a place, or if the other takes everything or nothing.
    func deadLetters(for sink: SinkName) throws(SinkError) -> @Sendable (SourceIdentity) -> (any DeadLetterBox)? {
        guard case .keyed = sink.kind else {
            throw SinkError(
                .unsupported,
                "--dead-letter is for brokers, which may refuse a message. \(sink.scheme): takes every message in its "
                    + "order, or fails as a whole: leave the option out."
            )
        }
        switch kind {
        case .own(let url):
            guard url.makeDeadLetters() != nil else {
                throw SinkError(
                    .unsupported,
                    "Standard output cannot keep dead letters. Give file:PATH, sqlite:PATH or a broker's topic."
                )
            }
            return { _ in url.makeDeadLetters() }
        case .keyed(let makeSink):
            return { KeyedDeadLetters(to: makeSink(), from: $0) }
        }
    }
}
