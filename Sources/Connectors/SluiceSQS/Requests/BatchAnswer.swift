import FoundationEssentials
import SluiceSinks

/// What SQS says about the messages of a request that it took.
struct BatchAnswer: Decodable {
    struct Success: Decodable {
        var id: String

        enum CodingKeys: String, CodingKey {
            case id = "Id"
        }
    }

    struct Failure: Decodable {
        var id: String
        var code: String
        var isSenderFault: Bool
        var message: String?

        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case code = "Code"
            case isSenderFault = "SenderFault"
            case message = "Message"
        }
    }

    var successful: [Success]?
    var failed: [Failure]?

    enum CodingKeys: String, CodingKey {
        case successful = "Successful"
        case failed = "Failed"
    }

    /// Reads an answer; `nil` if it is not one of SQS.
    init?(_ bytes: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(BatchAnswer.self, from: Data(bytes)),
            answer.successful != nil || answer.failed != nil
        else { return nil }
        self = answer
    }

    /// A result for each message.
    ///
    /// - Parameter count: How many were sent.
    /// - Returns: The results, in the order of the messages.
    /// - Throws: ``SQSFailure`` if a message failed for want of a right: then no other one will get through.
    func results(count: Int) throws(SQSFailure) -> [SendResult] {
        var results = Array(repeating: SendResult.failed(reason: "SQS says nothing about it"), count: count)
        for success in successful ?? [] {
            if let place = Int(success.id), results.indices.contains(place) { results[place] = .durable }
        }
        for failure in failed ?? [] {
            guard let place = Int(failure.id), results.indices.contains(place) else { continue }
            let why = SQSFailure(
                status: failure.isSenderFault ? 400 : 500,
                code: failure.code,
                message: failure.message
            )
            switch why.kind {
            case .content, .other: results[place] = .refused(reason: why.description)
            case .unavailable: results[place] = .failed(reason: why.description)
            case .notAuthorized, .expired, .missing: throw why
            }
        }
        return results
    }
}
