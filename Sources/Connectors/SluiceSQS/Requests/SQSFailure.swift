import FoundationEssentials
import SluiceHTTP

/// What SQS says when it does not do what it was asked for.
///
/// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
struct SQSFailure: Error, CustomStringConvertible {
    /// What follows from it.
    enum Kind {
        /// Nothing is taken now; later it may be.
        case unavailable
        /// The credentials have expired.
        case expired
        /// The credentials are wrong, or do not suffice.
        case notAuthorized
        /// There is no such queue.
        case missing
        /// A message of the request cannot be taken.
        case content
        /// Something else.
        case other
    }

    let status: Int
    /// The name of the error, without a namespace.
    let code: String
    let message: String?

    init(status: Int, code: String, message: String?) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// Reads an answer with a status that is not 200.
    init(_ answer: HTTPAnswer) {
        struct Document: Decodable {
            var type: String?
            var message: String?
            var capitalMessage: String?

            enum CodingKeys: String, CodingKey {
                case type = "__type"
                case message
                case capitalMessage = "Message"
            }
        }
        status = answer.status
        let document = try? JSONDecoder().decode(Document.self, from: Data(answer.body))
        let type = document?.type ?? answer.header("x-amzn-errortype") ?? Self.element("Code", in: answer.body)
        // It may look like com.amazonaws.sqs#QueueDoesNotExist:http://...
        code = type?.split(separator: "#").last?.split(separator: ":").first.map(String.init) ?? ""
        message = document?.message ?? document?.capitalMessage ?? Self.element("Message", in: answer.body)
    }

    var kind: Kind {
        let name = code.split(separator: ".").last.map(String.init) ?? ""
        switch name {
        case "ExpiredToken", "ExpiredTokenException": return .expired
        case "QueueDoesNotExist", "NonExistentQueue", "QueueDeletedRecently": return .missing
        case _ where Self.transient.contains(name) || code.hasPrefix("KMS.Throttl"): return .unavailable
        case _ where Self.rights.contains(name): return .notAuthorized
        case _ where Self.content.contains(name): return .content
        default: break
        }
        switch status {
        case 408, 429, 500...: return .unavailable
        case 401, 403: return .notAuthorized
        case 413: return .content
        default: return .other
        }
    }

    private static let transient: Set<String> = [
        "InternalError", "InternalFailure", "ServiceUnavailable", "RequestThrottled", "Throttling",
        "ThrottlingException",
        "ThrottledException", "RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
        "BandwidthLimitExceeded", "PriorRequestNotComplete", "SlowDown", "RequestTimeout", "RequestTimeoutException",
        "KmsThrottled", "OverLimit",
    ]

    private static let rights: Set<String> = [
        "AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException",
        "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "IncompleteSignatureException",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "InvalidAccessKeyId", "InvalidSecurity",
        "OptInRequired", "NotAuthorized", "RequestExpired", "RequestTimeTooSkewed", "KmsAccessDenied", "KmsDisabled",
        "KmsInvalidState", "KmsNotFound", "KmsOptInRequired", "KmsInvalidKeyUsage",
    ]

    private static let content: Set<String> = [
        "InvalidMessageContents", "InvalidParameterValue", "InvalidParameterCombination", "InvalidAttributeValue",
        "MissingParameter", "BatchRequestTooLong", "MessageTooLong", "ValidationError", "ValidationException",
    ]

    var description: String {
        let name = code.isEmpty ? "status \(status)" : code
        // What it says about a signature holds the whole request, the token included.
        guard kind != .notAuthorized, kind != .expired, let message, !message.isEmpty else { return name }
        return "\(name): \(message.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(200))"
    }

    /// A text between tags, for services that answer XML.
    private static func element(_ name: String, in body: [UInt8]) -> String? {
        let text = String(decoding: body, as: UTF8.self)
        guard let start = text.firstRange(of: "<\(name)>"), let end = text.firstRange(of: "</\(name)>"),
            start.upperBound <= end.lowerBound
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }
}
