import SluiceKafka
import SluiceNATS
import SluicePostgresSink
import SluiceRabbitMQ
import SluiceRedis
import SluiceSQS
import SluiceSinks
import SluiceWebhook

/// A sink as a user names it: any that this command knows.
struct SinkName: Sendable {
    private enum Kind {
        case own(SinkURL)
        case ordered(@Sendable () -> any OrderedSink)
        case keyed(@Sendable () -> any KeyedSink)
    }

    /// The forms of the sinks that are on other machines.
    private static let remote = [
        "kafka://HOST:PORT/TOPIC", "nats://HOST:PORT/SUBJECT", "sqs:QUEUE_URL", "amqp://USER@HOST:PORT/VHOST",
        "redis://HOST:PORT/DATABASE", "https://HOST/PATH", "postgres://USER@HOST:PORT/DATABASE",
    ]

    let scheme: String
    private let kind: Kind

    /// Reads a name.
    ///
    /// - Parameters:
    ///   - text: What the user wrote.
    ///   - notice: Gets sentences for the user while the sink is at work.
    /// - Throws: ``SinkError`` that says what is possible, without more of the text than its scheme.
    init(_ text: String, notice: @escaping @Sendable (String) -> Void) throws(SinkError) {
        scheme = text.prefix { $0 != ":" }.lowercased()
        switch scheme {
        case "kafka":
            let url = try KafkaURL(text)
            kind = url.isTransactional ? .ordered { url.makeTransactionalSink() } : .keyed { url.makeSink() }
        case "amqp", "amqps":
            let url = try RabbitMQURL(text)
            kind = .keyed { url.makeSink() }
        case "postgres", "postgresql":
            let url = try PostgresSinkURL(text)
            kind = .ordered { url.makeSink(report: notice) }
        case "redis", "rediss":
            let url = try RedisSinkURL(text)
            kind = .ordered { url.makeSink(report: notice) }
        case "nats", "tls":
            let url = try NATSSinkURL(text)
            kind = .keyed { url.makeSink() }
        case "sqs":
            let url = try SQSURL(text)
            kind = .keyed { url.makeSink() }
        case "http", "https":
            let url = try WebhookURL(text)
            kind = .keyed { url.makeSink() }
        default:
            kind = .own(try SinkURL(text, besides: Self.remote))
        }
    }

    /// Whether it may refuse a message and go on without it.
    var mayRefuse: Bool {
        switch kind {
        case .own: false
        case .ordered(let makeSink): makeSink() is any RefusingSink
        case .keyed: true
        }
    }

    /// Makes the sink anew; nothing is opened yet.
    func makeSink() -> any Sink {
        switch kind {
        case .own(let url): url.makeSink()
        case .ordered(let makeSink): makeSink()
        case .keyed(let makeSink): makeSink()
        }
    }

    /// Makes places for what another sink does not take, each time anew; nothing is opened yet.
    ///
    /// - Throws: ``SinkError`` if this cannot be such a place, or if the other takes everything or nothing.
    func deadLetters(for sink: SinkName) throws(SinkError) -> @Sendable (SourceIdentity) -> (any DeadLetterBox)? {
        guard sink.mayRefuse else {
            let own = sink.scheme.hasPrefix("postgres") ? " What it refuses stays there with ?dead_letters=on." : ""
            throw SinkError(
                .unsupported,
                "--dead-letter is for brokers and endpoints, which may refuse a message. \(sink.scheme): takes every "
                    + "message in its order, or fails as a whole: leave the option out.\(own)"
            )
        }
        switch kind {
        case .own(let url):
            guard url.makeDeadLetters() != nil else {
                throw SinkError(
                    .unsupported,
                    "Standard output cannot keep dead letters. Give file:PATH, sqlite:PATH or a broker."
                )
            }
            return { _ in url.makeDeadLetters() }
        case .ordered: throw SinkError(.unsupported, noDeadLetters)
        case .keyed(let makeSink):
            return { KeyedDeadLetters(to: makeSink(), from: $0) }
        }
    }

    /// Why an ordered sink is no place for dead letters.
    private var noDeadLetters: String {
        switch scheme {
        case "kafka":
            "Dead letters are not written in transactions: leave transactional.id out of their kafka: URL."
        case "redis":
            "Streams of Redis keep one position, and no dead letters. Give file:PATH, sqlite:PATH or a broker's topic."
        default:
            "A database of tables cannot keep dead letters. Give file:PATH, sqlite:PATH or a broker's topic."
        }
    }
}
