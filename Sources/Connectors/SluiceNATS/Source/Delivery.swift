import CLibNATS
import Glibc
import SluicePipelines

/// A message as JetStream delivers it.
struct Delivery: Sendable, Equatable {
    var subject: String
    /// Where an acknowledgement goes; it also tells which message it is.
    var reply: String
    var headers: [String: String] = [:]
    var body: [UInt8]

    /// The message for a pipeline.
    func message(_ acknowledgement: Acknowledgement) -> Message<[UInt8]> {
        // Without the body, which a handler may replace.
        Message(body, acknowledgement: acknowledgement) { [subject, reply, headers] in
            Self.metadata(subject, reply, headers)
        }
    }

    private static func metadata(_ subject: String, _ reply: String, _ headers: [String: String]) -> [String: String] {
        var metadata = AcknowledgementSubject(reply)?.metadata ?? [:]
        metadata["Subject"] = subject
        for (name, value) in headers { metadata["Header.\(name)"] = value }
        return metadata
    }
}

extension Delivery {
    /// Copies a message of the library.
    ///
    /// - Returns: `nil` if it is not one of a stream, but what the server has to say about a pull request.
    init?(_ message: OpaquePointer?) {
        guard let reply = natsMsg_GetReply(message).map({ String(cString: $0) }),
            reply.hasPrefix(AcknowledgementSubject.prefix)
        else { return nil }
        self.reply = reply
        subject = natsMsg_GetSubject(message).map { String(cString: $0) } ?? ""
        let length = Int(natsMsg_GetDataLength(message))
        body = natsMsg_GetData(message).map { Array(UnsafeRawBufferPointer(start: $0, count: length)) } ?? []
        headers = Self.headers(message)
    }

    private static func headers(_ message: OpaquePointer?) -> [String: String] {
        var names: UnsafeMutablePointer<UnsafePointer<CChar>?>?
        var count: Int32 = 0
        guard natsMsgHeader_Keys(message, &names, &count) == NATS_OK, let names else { return [:] }
        defer { free(names) }
        var headers: [String: String] = [:]
        for name in UnsafeBufferPointer(start: names, count: Int(count)) {
            guard let name else { continue }
            headers[String(cString: name)] = header(message, name)
        }
        return headers
    }

    /// The first value of a header.
    static func header(_ message: OpaquePointer?, _ name: UnsafePointer<CChar>) -> String? {
        var value: UnsafePointer<CChar>?
        guard natsMsgHeader_Get(message, name, &value) == NATS_OK, let value else { return nil }
        return String(cString: value)
    }
}
