import CLibRabbitMQ
import DequeModule
import SluicePostgres
import SluiceSinks

/// A channel that takes messages from a queue, from its beginning to its end.
///
/// All calls block, and come from one thread. Whatever it throws is its end.
final class ConsumerChannel {
    let generation: Int
    private let options: RabbitMQSource.Options
    private let queue: String
    private let connection: BrokerConnection
    private var window: ConsumerWindow
    private var ledger = DeliveryLedger()
    private var assembly = ContentAssembly<BrokerFrame.Envelope>()
    private var consumers: [String] = []
    private var lastConsumer = 0
    /// Came, and was not handed out.
    private(set) var waiting: Deque<Delivery> = []

    /// Connects, and sees to it that the queue is there; takes nothing yet.
    ///
    /// - Throws: ``SinkError``; what waiting does not cure has another code than `unavailable`.
    init(_ settings: SourceSettings, generation: Int) throws(SinkError) {
        self.generation = generation
        options = settings.options
        queue = settings.queue
        window = ConsumerWindow(settings.options.prefetch)
        connection = try BrokerConnection(settings.connection)
        try prepareQueue()
    }

    private func prepareQueue() throws(SinkError) {
        let declaration = options.declare
        try connection.ask { state, channel, memory in
            amqp_queue_declare(
                state,
                channel,
                memory.bytes(queue),
                declaration == nil ? 1 : 0,
                declaration?.isDurable ?? true ? 1 : 0,
                0,
                declaration?.isDeletedUnused ?? false ? 1 : 0,
                memory.table(declaration?.table ?? [:])
            ) != nil
        }
        for binding in options.bindings {
            try connection.ask { state, channel, memory in
                amqp_queue_bind(
                    state,
                    channel,
                    memory.bytes(queue),
                    memory.bytes(binding.exchange),
                    memory.bytes(binding.routingKey),
                    memory.table(binding.arguments)
                ) != nil
            }
        }
    }

    // MARK: - Taking messages

    /// Lets the broker send what is wanted and cannot come otherwise.
    func want(_ demand: Int) throws(SinkError) {
        guard waiting.isEmpty, let prefetch = window.widen(demand: demand, inHand: ledger.count) else { return }
        lastConsumer += 1
        let tag = "sluice-\(lastConsumer)"
        try connection.ask { state, channel, _ in amqp_basic_qos(state, channel, 0, UInt16(prefetch), 0) != nil }
        try connection.ask { state, channel, memory in
            amqp_basic_consume(
                state,
                channel,
                memory.bytes(queue),
                memory.bytes(tag),
                0,
                0,
                0,
                memory.table(options.consumerArguments)
            ) != nil
        }
        consumers.append(tag)
    }

    /// Reads what has come, but no more than some frames.
    ///
    /// - Returns: Whether there may be more.
    func read() throws(SinkError) -> Bool {
        for _ in 0..<1000 {
            guard let frame = try connection.read() else { return false }
            do {
                switch frame {
                case .deliver(let envelope): try assembly.begin(envelope)
                case .header(let size, let properties): try accept(assembly.header(size: size, properties))
                case .body(let bytes): try accept(assembly.body(bytes))
                case .cancelled:
                    throw SinkError(.unavailable, "The broker has ended the consumer of \(queue): it is gone or moves.")
                case .closed(let refusal):
                    throw SinkError(
                        .unavailable,
                        "The broker has closed the channel to \(queue): \(refusal.text) (\(refusal.code))."
                    )
                case .returned, .confirmed, .blocked, .unblocked, .other: continue
                }
            } catch let error as SinkError {
                throw error
            } catch {
                throw SinkError(.unavailable, "The broker sends frames for \(queue) that do not belong together.")
            }
        }
        return true
    }

    private func accept(_ content: ContentAssembly<BrokerFrame.Envelope>.Content?) throws(SinkError) {
        guard let content else { return }
        let envelope = content.head
        guard ledger.deliver(envelope.tag, isRedelivered: envelope.isRedelivered) else {
            throw SinkError(.unavailable, "The broker sends a message of \(queue) out of turn.")
        }
        if consumers.isEmpty {
            // It was on its way when its consumer was closed.
            try send(ledger.giveBack([envelope.tag]))
        } else {
            waiting.append(Delivery(content, generation: generation))
        }
    }

    /// Hands messages out.
    func take(upTo count: Int) -> [Delivery] {
        let taken = Array(waiting.prefix(count))
        waiting.removeFirst(taken.count)
        return taken
    }

    /// Takes messages back that nobody took.
    func putBack(_ deliveries: [Delivery]) {
        waiting.prepend(contentsOf: deliveries)
    }

    /// Closes the consumers, and gives back what was not handed out.
    func stop() throws(SinkError) {
        for tag in consumers {
            try connection.send { state, channel in
                CallMemory.with { memory in
                    var cancel = amqp_basic_cancel_t(consumer_tag: memory.bytes(tag), nowait: 1)
                    return amqp_send_method(state, channel, Method.cancel, &cancel)
                }
            }
        }
        consumers = []
        window.close()
        let tags = waiting.map(\.tag)
        waiting = []
        try send(ledger.giveBack(tags))
    }

    // MARK: - Acknowledging

    /// Tells the broker what became of messages of this channel.
    func settle(_ settlement: ConsumerInbox.Settlement) throws(SinkError) {
        try send(
            ledger.settle(handled: settlement.handled, failed: settlement.failed, onFailure: options.onFailure)
        )
    }

    private func send(_ actions: [DeliveryLedger.Action]) throws(SinkError) {
        for action in actions {
            try connection.send { state, channel in
                switch action {
                case .acknowledge(let tag, let multiple): amqp_basic_ack(state, channel, tag, multiple ? 1 : 0)
                case .reject(let tag, let requeue): amqp_basic_reject(state, channel, tag, requeue ? 1 : 0)
                }
            }
        }
    }

    // MARK: - Waiting and ending

    /// Blocks until the broker has sent something or there is a signal, but no longer than heartbeats allow.
    func wait(or wakeUp: WakeUp) {
        connection.wait(or: wakeUp)
    }

    /// Ends the connection: the broker delivers again what is not acknowledged.
    func close() {
        connection.close()
    }
}
