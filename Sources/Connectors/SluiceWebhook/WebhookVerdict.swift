import SluiceHTTP
import SluiceSinks

/// What an endpoint's answer means for the messages of the request.
enum WebhookVerdict: Equatable {
    /// They are durable.
    case durable
    /// They are not, and may be later.
    case failed(reason: String, after: Duration?)
    /// One of them never will be.
    case refused(reason: String)
    /// Nothing is taken now, whatever it is.
    case unavailable(reason: String)
    /// Nothing is taken from this sender.
    case notAuthorized(reason: String)
    /// There is no such endpoint.
    case missing(reason: String)

    /// Judges an answer.
    ///
    /// What says nothing about the messages, but about the endpoint as a whole, must not send them to the dead letters one
    /// by one: a token that has expired or an address with a slip ends the stream, and it goes on from there when that is
    /// mended.
    ///
    /// - Parameters:
    ///   - answer: What came.
    ///   - second: Now, since 1970.
    init(_ answer: HTTPAnswer, second: Int) {
        let reason = Self.words(answer)
        let after = answer.header("retry-after").flatMap { RetryAfter.duration($0, second: second) }
        switch answer.status {
        case 200..<300: self = .durable
        case 300..<400: self = .missing(reason: "\(reason). Redirects are not followed: give the URL where they lead")
        case 401, 403, 407: self = .notAuthorized(reason: reason)
        case 404, 405, 410: self = .missing(reason: reason)
        case 408, 425: self = .failed(reason: reason, after: after)
        case 429, 502, 503, 504:
            // Only the failure of messages can say how long to wait.
            self = after == nil ? .unavailable(reason: reason) : .failed(reason: reason, after: after)
        case 400..<500: self = .refused(reason: reason)
        default: self = .failed(reason: reason, after: after)
        }
    }

    /// How much of an answer is read, so that its connection can be used again.
    static let limit = 65536

    /// How much of an answer is told.
    private static let told = 200

    private static func words(_ answer: HTTPAnswer) -> String {
        let text = String(decoding: answer.body.prefix(told), as: UTF8.self)
            .split { $0.isNewline || $0.unicodeScalars.contains { $0.properties.generalCategory == .control } }
            .joined(separator: " ")
        return text.isEmpty ? "status \(answer.status)" : "status \(answer.status): \(text)"
    }
}
