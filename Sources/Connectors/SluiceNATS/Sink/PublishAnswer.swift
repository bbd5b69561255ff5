import CLibNATS
import FoundationEssentials

/// What became of a message that was published.
enum PublishAnswer: Equatable, Sendable {
    case stored
    /// It never will be.
    case refused(String)
    /// It was not, or nobody knows.
    case unavailable(String)
    /// Another stream takes the subject.
    case otherStream(String)

    /// Reads JetStream's answer.
    ///
    /// https://docs.nats.io/reference/reference-protocols/nats_api_reference#publishing-to-a-stream-using-request
    init(_ bytes: [UInt8], status: String?) {
        struct Answer: Decodable {
            struct Failure: Decodable {
                var code: UInt32?
                var description: String?

                enum CodingKeys: String, CodingKey {
                    case code = "err_code"
                    case description
                }
            }

            var error: Failure?
            var stream: String?
        }
        if status == "503" {
            self = .unavailable("no stream takes the subject, or it has no leader now")
            return
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else {
            self = .unavailable("an answer is not one of JetStream")
            return
        }
        guard let failure = answer.error else {
            self = answer.stream == nil ? .unavailable("an answer names no stream") : .stored
            return
        }
        let text = failure.description ?? "error \(failure.code ?? 0)"
        self =
            switch failure.code.map({ jsErrCode($0) }) {
            case JSStreamMessageExceedsMaximumErr?: .refused(text)
            case JSStreamNotMatchErr?: .otherStream(text)
            default: .unavailable(text)
            }
    }
}
