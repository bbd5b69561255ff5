internal import Glibc
public import SluiceSinks

/// What a user writes to name an exchange: `amqp://USER:PASSWORD@HOST:PORT/VHOST?exchange=…&routing_key=…`; see
/// `docs/sinks/rabbitmq.md`.
public struct RabbitMQURL: Sendable {
    let settings: SinkSettings

    /// Reads a URL, with the environment of the process for `password.env=NAME`.
    ///
    /// - Parameter text: What the user wrote.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL`, without any secret.
    public init(_ text: String) throws(SinkError) {
        try self.init(text) { name in getenv(name).map { String(cString: $0) } }
    }

    init(_ text: String, environment: (String) -> String?) throws(SinkError) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var address = try BrokerAddress(parts[0])
        var options = try SinkOptions(parts.count == 2 ? parts[1] : "", sink: "amqp:")
        if let variable = options.text("password.env") {
            guard let password = environment(variable), !password.isEmpty else {
                throw SinkError(.badURL, "The environment variable \(variable), which password.env names, is not set.")
            }
            address.password = password
        }
        let exchange = options.text("exchange") ?? ""
        guard exchange.utf8.count <= RoutingKeyTemplate.longest else {
            throw SinkError(.badURL, "amqp: The name of an exchange has at most 255 bytes.")
        }
        let key = options.text("routing_key") ?? "{schema}.{table}"
        guard !exchange.isEmpty || !key.isEmpty else {
            throw SinkError(.badURL, "amqp: Name an exchange, or a queue as routing_key.")
        }
        settings = SinkSettings(
            connection: ConnectionSettings(
                address: address,
                heartbeat: try options.number("heartbeat", default: 10, in: 1...600),
                timeout: .seconds(10),
                caFile: options.text("ca_file"),
                connectionName: "sluice \(exchange)"
            ),
            exchange: exchange,
            routingKey: try RoutingKeyTemplate(key),
            name: "\(address.name)?exchange=\(exchange)&routing_key=\(key)",
            timeout: try options.seconds("timeout", default: 30, in: 1...3600),
            largestMessage: try options.number("max_message_bytes", default: 16 << 20, in: 1024...(512 << 20))
        )
        try options.end(
            known: "exchange, routing_key, heartbeat, timeout, max_message_bytes, ca_file and password.env"
        )
    }

    /// Makes the sink; nothing is opened yet.
    public func makeSink() -> RabbitMQSink {
        RabbitMQSink(settings)
    }
}

/// What a sink was told.
struct SinkSettings: Sendable {
    var connection: ConnectionSettings
    /// Empty: the default exchange, in which the routing key is a queue's name.
    var exchange: String
    var routingKey: RoutingKeyTemplate
    /// What names the sink in the state file and in messages.
    var name: String
    /// How long confirms may take.
    var timeout: Duration
    var largestMessage: Int
}
