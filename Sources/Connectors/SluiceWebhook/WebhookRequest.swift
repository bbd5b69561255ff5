import Crypto
import SluiceHTTP
import SluicePostgres
import SluiceSinks

extension WebhookSettings {
    /// The request that carries some messages.
    ///
    /// - Parameters:
    ///   - messages: At least one; exactly one if this is not for batches.
    ///   - second: Now, since 1970.
    /// - Returns: The same for the same messages, but for the time and what is signed with it.
    func request(_ messages: ArraySlice<OutgoingMessage>, second: Int) -> HTTPRequest {
        var body: [UInt8] = []
        body.reserveCapacity(messages.reduce(16) { $0 + $1.body.count + 1 })
        if isBatch {
            body += "{\"data\":[".utf8
            for (place, message) in messages.enumerated() {
                if place > 0 { body.append(UInt8(ascii: ",")) }
                body += message.body
            }
            body += "]}".utf8
        } else {
            for message in messages { body += message.body }
        }
        let id = Self.identifier(of: messages)
        var request = HTTPRequest("POST", url, headers: headers, body: body)
        request.headers.append(HTTPField("content-type", "application/json"))
        request.headers.append(HTTPField("user-agent", "sluice"))
        // A string of RFC 8941: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
        request.headers.append(HTTPField("idempotency-key", "\"\(id)\""))
        if let signature { request.headers += signature.headers(id: id, second: second, body: body) }
        return request
    }

    /// The idempotency key of one message; of several a hash of theirs, so that only the same messages have the same.
    private static func identifier(of messages: ArraySlice<OutgoingMessage>) -> String {
        let keys = messages.map(\.cursor.idempotencyKey)
        guard keys.count > 1 else { return keys.first ?? "" }
        return "batch_" + SHA256.hash(data: Array(keys.joined(separator: ",").utf8)).hexadecimal.prefix(32)
    }
}
