import SluiceSinks

extension RabbitMQSource {
    /// How a queue is read; the names are those of AMQP and RabbitMQ where they have one.
    public struct Options: Sendable {
        /// What becomes of a message that failed.
        public enum FailedMessage: Hashable, Sendable {
            /// It is acknowledged like one that was handled, and so gone.
            case acknowledge
            /// The queue gives it to its dead letter exchange, and else drops it.
            case reject
            /// It goes back to the queue and comes again at once, without end if it always fails.
            case requeue
            /// It goes back to the queue the first time, and is rejected if it had been delivered before.
            case requeueOnce
        }

        /// How many messages the broker may have unacknowledged here at once.
        public enum Prefetch: Hashable, Sendable {
            /// As many as the pipeline has in hand and asks for, up to a bound from 1 to 65535.
            case demand(upTo: Int)
            /// Always so many, 1 to 65535, whatever is asked for.
            ///
            /// Also what nobody asked for yet is taken, and waits in the source. There is one consumer only: for queues
            /// with a single active consumer.
            case fixed(Int)
        }

        /// How many messages are taken before they are acknowledged.
        public var prefetch = Prefetch.demand(upTo: 1000)

        /// What becomes of a message that failed.
        public var onFailure = FailedMessage.requeue

        /// The queue to make if it is not there; nil: it has to be there.
        ///
        /// A queue that is there has to be the same one.
        public var declare: Queue?

        /// Bindings of the queue that are made if they are not there.
        public var bindings: [Binding] = []

        /// Arguments of the consumer, such as `x-priority`.
        public var consumerArguments: [String: TableValue] = [:]

        /// How often the broker and the source let each other hear that they are there: 1 to 600 whole seconds.
        ///
        /// The broker may ask for less. After two of them without a sign the connection counts as lost.
        public var heartbeat = Duration.seconds(10)

        /// How long connecting may take, and an answer of the broker: 1 second to 5 minutes.
        public var timeout = Duration.seconds(10)

        /// The file with the certificates, in the form PEM, by which a broker with TLS is trusted.
        ///
        /// Nil: `/etc/ssl/certs/ca-certificates.crt`.
        public var caFile: String?

        /// Makes the defaults.
        public init() {}
    }
}

extension RabbitMQSource.Options {
    /// A queue as it is declared.
    public struct Queue: Hashable, Sendable {
        /// What keeps the messages.
        public enum Kind: String, Hashable, Sendable {
            /// One node.
            case classic
            /// A majority of several nodes; always durable.
            case quorum
        }

        /// What keeps the messages; nil: as the virtual host has it, else `classic`.
        public var type: Kind?

        /// Whether it is still there when the broker has been started anew.
        public var isDurable = true

        /// Whether it is deleted when its last consumer is gone: `auto_delete`.
        public var isDeletedUnused = false

        /// Where rejected messages go: `x-dead-letter-exchange`; the empty text is the default exchange.
        public var deadLetterExchange: String?

        /// Under which routing key: `x-dead-letter-routing-key`; nil: under their own.
        public var deadLetterRoutingKey: String?

        /// Other arguments by their names, such as `x-max-length`.
        public var arguments: [String: TableValue] = [:]

        /// A durable queue.
        public init(
            type: Kind? = nil,
            deadLetterExchange: String? = nil,
            deadLetterRoutingKey: String? = nil,
            arguments: [String: TableValue] = [:]
        ) {
            self.type = type
            self.deadLetterExchange = deadLetterExchange
            self.deadLetterRoutingKey = deadLetterRoutingKey
            self.arguments = arguments
        }

        var table: [String: TableValue] {
            var table = arguments
            if let type { table["x-queue-type"] = .text(type.rawValue) }
            if let deadLetterExchange { table["x-dead-letter-exchange"] = .text(deadLetterExchange) }
            if let deadLetterRoutingKey { table["x-dead-letter-routing-key"] = .text(deadLetterRoutingKey) }
            return table
        }
    }

    /// What leads messages of an exchange to the queue.
    public struct Binding: Hashable, Sendable {
        /// The exchange, which has to be there.
        public var exchange: String

        /// The routing key, in a topic exchange with `*` and `#`.
        public var routingKey: String

        /// Arguments, such as those of a headers exchange.
        public var arguments: [String: TableValue]

        /// Makes a binding.
        public init(exchange: String, routingKey: String = "", arguments: [String: TableValue] = [:]) {
            self.exchange = exchange
            self.routingKey = routingKey
            self.arguments = arguments
        }
    }

    /// - Throws: `badOption`.
    func validate() throws(SinkError) {
        switch prefetch {
        case .demand(let count), .fixed(let count):
            try check((1...ConsumerWindow.limit).contains(count), "prefetch is 1 to 65535, not \(count)")
        }
        try check(
            (.seconds(1)...(.seconds(600))).contains(heartbeat) && heartbeat.components.attoseconds == 0,
            "heartbeat is a number of whole seconds from 1 to 600, not \(heartbeat)"
        )
        try check((.seconds(1)...(.seconds(300))).contains(timeout), "timeout is 1 to 300 seconds, not \(timeout)")
        if let declare {
            try check(declare.type != .quorum || declare.isDurable, "a quorum queue is durable")
        }
        for binding in bindings {
            try check(!binding.exchange.isEmpty, "the default exchange has no bindings: name another one")
            try Self.checkShort(binding.exchange, "the name of an exchange")
            try Self.checkShort(binding.routingKey, "a routing key")
        }
    }

    /// AMQP has 255 bytes for names.
    static func checkShort(_ text: String, _ what: String) throws(SinkError) {
        guard text.utf8.count > 255 else { return }
        throw SinkError(.badOption, "RabbitMQ source: \(what) has at most 255 bytes, not \(text.utf8.count).")
    }

    private func check(_ isRight: Bool, _ rule: String) throws(SinkError) {
        if !isRight { throw SinkError(.badOption, "RabbitMQ source: \(rule).") }
    }
}
