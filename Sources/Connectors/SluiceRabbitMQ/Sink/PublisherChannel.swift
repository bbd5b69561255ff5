import CLibRabbitMQ
import SluicePostgres
import SluiceSinks

/// A channel that publishes in confirm mode, from its beginning to its end.
///
/// All calls block, and come from one thread. Whatever it throws is its end.
final class PublisherChannel {
    /// Whether the broker has asked not to be sent anything: it is short of memory or disk.
    private(set) var isBlocked = false

    private let settings: SinkSettings
    private let connection: BrokerConnection
    private var confirms = PublisherConfirms()
    private var assembly = ContentAssembly<BrokerFrame.Refused>()

    /// Connects, and sees to it that the place is there.
    ///
    /// - Throws: ``SinkError``; what waiting does not cure has another code than `unavailable`.
    init(_ settings: SinkSettings) throws(SinkError) {
        self.settings = settings
        connection = try BrokerConnection(settings.connection)
        try connection.ask { state, channel, _ in amqp_confirm_select(state, channel) != nil }
        if !settings.exchange.isEmpty {
            try connection.ask { state, channel, memory in
                let (name, none) = (memory.bytes(settings.exchange), memory.table([:]))
                return amqp_exchange_declare(state, channel, name, memory.bytes(""), 1, 0, 0, 0, none) != nil
            }
        } else if let queue = settings.routingKey.fixed {
            try connection.ask { state, channel, memory in
                amqp_queue_declare(state, channel, memory.bytes(queue), 1, 0, 0, 0, memory.table([:])) != nil
            }
        }
    }

    /// Publishes a message.
    func publish(_ message: OutgoingMessage, to key: String, as place: PublisherConfirms.Place) throws(SinkError) {
        let identifier = message.cursor.idempotencyKey
        try connection.send { state, channel in
            CallMemory.with { memory in
                var properties = amqp_basic_properties_t()
                properties._flags = amqp_flags_t(
                    AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG
                        | AMQP_BASIC_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG
                )
                properties.content_type = memory.bytes("application/json")
                properties.delivery_mode = UInt8(AMQP_DELIVERY_PERSISTENT.rawValue)
                properties.message_id = memory.bytes(identifier)
                properties.type = memory.bytes(message.action.rawValue)
                properties.headers = memory.table(Self.headers(message))
                let (exchange, key) = (memory.bytes(settings.exchange), memory.bytes(key))
                return message.body.withUnsafeBytes { body in
                    // The library only reads what it is given here.
                    let bytes = amqp_bytes_t(
                        len: body.count,
                        bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)
                    )
                    return amqp_basic_publish(state, channel, exchange, key, 1, 0, &properties, bytes)
                }
            }
        }
        confirms.publish(place, messageID: identifier)
    }

    /// Named as in the message's metadata.
    private static func headers(_ message: OutgoingMessage) -> [String: TableValue] {
        var headers: [String: TableValue] = ["commit_lsn": .text(String(message.cursor.commitLSN.rawValue))]
        if let schema = message.schema { headers["table_schema"] = .text(schema) }
        if let table = message.table { headers["table_name"] = .text(table) }
        return headers
    }

    /// Reads what has come.
    ///
    /// - Returns: What became of messages.
    func read() throws(SinkError) -> [(place: PublisherConfirms.Place, result: SendResult)] {
        var results: [(place: PublisherConfirms.Place, result: SendResult)] = []
        while let frame = try connection.read() {
            do {
                switch frame {
                case .returned(let refused): try assembly.begin(refused)
                case .header(let size, let properties): comeBack(try assembly.header(size: size, properties))
                case .body(let bytes): comeBack(try assembly.body(bytes))
                case .confirmed(let number, let multiple, let isTaken):
                    results += confirms.confirm(number, multiple: multiple, isTaken: isTaken)
                case .blocked: isBlocked = true
                case .unblocked: isBlocked = false
                case .closed(let refusal):
                    throw refusal.error(from: "The broker at \(settings.connection.address.name)")
                case .deliver, .cancelled, .other: continue
                }
            } catch let error as SinkError {
                throw error
            } catch {
                throw SinkError(.unavailable, "The broker sends frames that do not belong together.")
            }
        }
        return results
    }

    private func comeBack(_ content: ContentAssembly<BrokerFrame.Refused>.Content?) {
        guard let content, let identifier = content.properties["message_id"] else { return }
        let (exchange, key) = (content.head.exchange, content.head.routingKey)
        let place =
            exchange.isEmpty ? "the queue \"\(key)\" is not there" : "no queue of \"\(exchange)\" gets \"\(key)\""
        confirms.comeBack(messageID: identifier, reason: "\(place) (\(content.head.text))")
    }

    /// Blocks until the broker has sent something or there is a signal, or a time has passed.
    func wait(or wakeUp: WakeUp, milliseconds: Int64?) {
        connection.wait(or: wakeUp, milliseconds: milliseconds)
    }

    /// Ends the connection.
    func close() {
        connection.close()
    }
}
