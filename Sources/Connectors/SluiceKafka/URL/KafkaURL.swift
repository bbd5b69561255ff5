internal import Glibc
public import SluiceSinks

/// What a user writes to name topics of a Kafka cluster: `kafka://HOST:PORT[,HOST:PORT]/TOPIC?option=value&…`.
///
/// - TOPIC may hold `{schema}` and `{table}`, which stand for those of each message.
/// - `transactional.id=NAME` asks for a ``TransactionalKafkaSink``, and `cursor.topic=TOPIC` names its cursor's topic.
/// - `tombstones=off` leaves out the record without a value that otherwise follows a delete.
/// - Every other option is one of librdkafka's, under its name, for example `compression.type=zstd`. Those that would
///   break what the sink promises are refused.
/// - `OPTION.env=NAME` takes the value of a secret option, such as `sasl.password`, from an environment variable.
///
/// All parts are percent-decoded; `+` stands for itself.
public struct KafkaURL: Sendable {
    /// What was written, checked.
    let settings: KafkaSettings

    /// Reads a URL, with the environment of the process for `OPTION.env=NAME`.
    ///
    /// - Parameter text: What the user wrote.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL` that says what is wrong, without any secret.
    public init(_ text: String) throws(SinkError) {
        try self.init(text) { name in getenv(name).map { String(cString: $0) } }
    }

    /// Reads a URL with an environment of its own.
    package init(_ text: String, environment: (String) -> String?) throws(SinkError) {
        let parts = try KafkaURLParts(text, as: "sink")
        settings = KafkaSettings(
            brokers: parts.brokers,
            topic: try TopicTemplate(parts.topic),
            options: try KafkaOptions(query: parts.query, for: .writing, environment: environment)
        )
        let id = settings.options.transactionalID
        _ = try ClientConfiguration(settings, id.map { .transactions(id: $0) } ?? .producer(oneByOne: false))
    }

    /// Whether it asks for transactions, by `transactional.id`.
    public var isTransactional: Bool { settings.options.transactionalID != nil }

    /// Makes the sink that writes at least once; nothing is opened yet.
    ///
    /// A `transactional.id` has no part in it.
    public func makeSink() -> KafkaSink {
        KafkaSink(settings)
    }

    /// Makes the sink that writes in transactions; nothing is opened yet.
    ///
    /// Without `transactional.id` the transactions have the name of the sink.
    public func makeTransactionalSink() -> TransactionalKafkaSink {
        TransactionalKafkaSink(settings, id: settings.options.transactionalID ?? settings.name)
    }
}

/// A cluster, its topics, and how to talk to it.
struct KafkaSettings: Sendable {
    var brokers: BrokerList
    var topic: TopicTemplate
    var options: KafkaOptions

    /// What names the sink in the state file and in messages.
    var name: String { "kafka://\(brokers)/\(topic)" }
}
