import CLibRabbitMQ

/// What a broker sends, copied out of the library's memory.
enum BrokerFrame {
    /// A message for a consumer; its header and body follow.
    case deliver(Envelope)
    /// A message that no queue takes; its header and body follow.
    case returned(Refused)
    case header(size: UInt64, properties: [String: String])
    case body([UInt8])
    /// What became of published messages: of one, or of all up to it.
    case confirmed(number: UInt64, multiple: Bool, isTaken: Bool)
    /// The broker has ended a consumer, because its queue is gone.
    case cancelled
    /// The broker wants no messages now, since it is short of something.
    case blocked
    /// It does again.
    case unblocked
    /// The broker has ended the channel or the connection.
    case closed(BrokerRefusal)
    /// Anything else, such as an answer that nobody waits for.
    case other

    /// The envelope of a message.
    struct Envelope {
        var tag: UInt64
        var isRedelivered: Bool
        var exchange: String
        var routingKey: String
    }

    /// Why a message came back.
    struct Refused {
        var text: String
        var exchange: String
        var routingKey: String
    }

    init(_ frame: amqp_frame_t) {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            self = Self.method(frame.payload.method)
        case AMQP_FRAME_HEADER:
            let header = frame.payload.properties
            let properties = header.class_id == Self.basicClass ? header.decoded : nil
            self = .header(
                size: header.body_size,
                properties: properties.map { $0.load(as: amqp_basic_properties_t.self).metadata } ?? [:]
            )
        case AMQP_FRAME_BODY:
            let fragment = frame.payload.body_fragment
            self = .body([UInt8](UnsafeRawBufferPointer(start: fragment.bytes, count: fragment.len)))
        default:
            self = .other
        }
    }

    private static let basicClass: UInt16 = 60

    private static func method(_ method: amqp_method_t) -> BrokerFrame {
        if let refusal = BrokerRefusal(method) { return .closed(refusal) }
        if method.id == Method.unblocked { return .unblocked }
        guard let decoded = method.decoded else { return .other }
        switch method.id {
        case Method.deliver:
            let deliver = decoded.load(as: amqp_basic_deliver_t.self)
            return .deliver(
                Envelope(
                    tag: deliver.delivery_tag,
                    isRedelivered: deliver.redelivered != 0,
                    exchange: String(deliver.exchange),
                    routingKey: String(deliver.routing_key)
                )
            )
        case Method.return:
            let refused = decoded.load(as: amqp_basic_return_t.self)
            return .returned(
                Refused(
                    text: String(refused.reply_text),
                    exchange: String(refused.exchange),
                    routingKey: String(refused.routing_key)
                )
            )
        case Method.acknowledge:
            let taken = decoded.load(as: amqp_basic_ack_t.self)
            return .confirmed(number: taken.delivery_tag, multiple: taken.multiple != 0, isTaken: true)
        case Method.refuse:
            let refused = decoded.load(as: amqp_basic_nack_t.self)
            return .confirmed(number: refused.delivery_tag, multiple: refused.multiple != 0, isTaken: false)
        case Method.blocked:
            return .blocked
        case Method.cancel:
            return .cancelled
        default:
            return .other
        }
    }
}
