import CLibRabbitMQ
import SluiceSinks

/// Why a broker has closed a channel or a connection.
///
/// The codes are those of AMQP 0-9-1, and the texts RabbitMQ's; they name queues and users, and hold no password.
struct BrokerRefusal: Hashable {
    var code: UInt16
    var text: String

    /// What it means when something was asked for: what waiting does not cure has another code than `unavailable`.
    func error(from broker: String) -> SinkError {
        let (kind, advice) = meaning
        return SinkError(kind, "\(broker) refuses: \(text) (\(code)).\(advice)")
    }

    private var meaning: (kind: SinkError.Code, advice: String) {
        switch code {
        case 403:
            (.notAuthorized, " Check user and password, and the user's permissions in the virtual host.")
        // A node of a cluster is down, and the queue is only there.
        case 404 where text.contains("is down or inaccessible"): (.unavailable, "")
        case 404: (.missing, " Create it, or let it be declared.")
        case 405: (.inUse, " Another connection has it for itself.")
        case 406: (.badOption, " It exists already, and is another one than what is declared.")
        case 530 where text.contains("limit"): (.unavailable, "")
        case 530 where text.contains("not found"): (.missing, " Check the virtual host in the URL.")
        case 530: (.notAuthorized, " Check the user's permissions in the virtual host.")
        case 503, 540: (.unsupported, "")
        default: (.unavailable, "")
        }
    }
}

extension BrokerRefusal {
    /// Reads `channel.close` or `connection.close`; `nil` if the method is another one.
    init?(_ method: amqp_method_t) {
        guard let decoded = method.decoded else { return nil }
        switch method.id {
        case Method.channelClose:
            let close = decoded.load(as: amqp_channel_close_t.self)
            self.init(code: close.reply_code, text: String(close.reply_text))
        case Method.connectionClose:
            let close = decoded.load(as: amqp_connection_close_t.self)
            self.init(code: close.reply_code, text: String(close.reply_text))
        default: return nil
        }
    }
}

/// The numbers of AMQP's methods that brokers send unasked: those of their class and of themselves.
enum Method {
    static let connectionClose: UInt32 = 0x000A_0032
    static let blocked: UInt32 = 0x000A_003C
    static let unblocked: UInt32 = 0x000A_003D
    static let channelClose: UInt32 = 0x0014_0028
    static let cancel: UInt32 = 0x003C_001E
    static let `return`: UInt32 = 0x003C_0032
    static let deliver: UInt32 = 0x003C_003C
    static let acknowledge: UInt32 = 0x003C_0050
    static let refuse: UInt32 = 0x003C_0078
}

extension String {
    /// Copies a text of the library; what is not UTF-8 is replaced.
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}
