import SluiceSinks

/// What a source was told.
struct SourceSettings: Sendable {
    var connection: ConnectionSettings
    var queue: String
    var options: RabbitMQSource.Options

    init(_ url: String, _ queue: String, _ options: RabbitMQSource.Options) throws(SinkError) {
        let address = try BrokerAddress(url[...])
        try options.validate()
        guard !queue.isEmpty else { throw SinkError(.badOption, "RabbitMQ source: the queue needs a name.") }
        try RabbitMQSource.Options.checkShort(queue, "the name of a queue")
        self.queue = queue
        self.options = options
        connection = ConnectionSettings(
            address: address,
            heartbeat: Int(options.heartbeat.components.seconds),
            timeout: options.timeout,
            caFile: options.caFile,
            connectionName: "sluice \(queue)"
        )
    }

    /// The queue in messages.
    var name: String { "the queue \"\(queue)\" of \(connection.address.name)" }
}
