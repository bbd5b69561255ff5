import Crypto
import FoundationEssentials
import SluiceHTTP
import SluiceSinks

/// Signs requests so that an endpoint can tell who sent them, and when.
///
/// Symmetric signatures of Standard Webhooks 1.0.0:
/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
struct WebhookSignature: Sendable {
    private let keys: [SymmetricKey]

    /// Reads secrets.
    ///
    /// - Parameters:
    ///   - secrets: In base64, `whsec_` before it or not; several, separated by spaces, while an endpoint changes from one
    ///     to another.
    ///   - variable: Where they come from, for messages.
    /// - Throws: `badURL` if one is not base64, or not as long as the standard wants it; the message does not repeat it.
    init(secrets: String, variable: String) throws(SinkError) {
        var keys: [SymmetricKey] = []
        for secret in secrets.split(separator: " ") {
            let text = secret.hasPrefix("whsec_") ? secret.dropFirst("whsec_".count) : secret
            guard let bytes = Data(base64Encoded: String(text)), (24...64).contains(bytes.count) else {
                throw SinkError(
                    .badURL,
                    "The variable \(variable) holds no secret of 24 to 64 bytes in base64, as in whsec_..., which "
                        + "openssl rand -base64 32 makes."
                )
            }
            keys.append(SymmetricKey(data: bytes))
        }
        self.keys = keys
    }

    /// The headers that go with a request.
    ///
    /// - Parameters:
    ///   - id: Names the request; the same when it is sent again.
    ///   - second: Now, since 1970.
    ///   - body: What is sent.
    /// - Returns: `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    func headers(id: String, second: Int, body: [UInt8]) -> [HTTPField] {
        let signatures = keys.map { key in
            var code = HMAC<SHA256>(key: key)
            code.update(data: Array("\(id).\(second).".utf8))
            code.update(data: body)
            return "v1,\(Data(code.finalize()).base64EncodedString())"
        }
        return [
            HTTPField("webhook-id", id), HTTPField("webhook-timestamp", String(second)),
            HTTPField("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
