import FoundationEssentials
import SluiceHTTP
import SluiceSinks

extension SQSClient {
    /// How large a message of the queue may be, in bytes.
    ///
    /// - Throws: ``SinkError``.
    func largestMessage() async throws -> Int {
        let body: [UInt8]
        do {
            body = try await call("GetQueueAttributes", RequestBody.queueAttributes(of: queue))
        } catch let failure as SQSFailure {
            throw SinkError(.refused, "\(queue.url) does not tell its attributes: \(failure).", cause: failure)
        }
        guard let document = try? JSONDecoder().decode([String: [String: String]].self, from: Data(body)),
            let size = document["Attributes"]?["MaximumMessageSize"].flatMap({ Int($0) }), size > 0
        else {
            throw SinkError(.missing, "\(endpoint.server.origin) answers, but not as SQS does. Check the URL.")
        }
        return size
    }

    /// Sends messages in one request.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    func send(_ messages: ArraySlice<OutgoingMessage>) async throws -> RequestOutcome {
        do {
            let body = try await call("SendMessageBatch", RequestBody.batch(messages, to: queue))
            guard let answer = BatchAnswer(body) else {
                throw SinkError(.unavailable, "\(endpoint.server.origin) answers, but not as SQS does.")
            }
            return .answered(try answer.results(count: messages.count))
        } catch let failure as SQSFailure {
            switch failure.kind {
            case .content: return .refused(reason: failure.description)
            case .other:
                throw SinkError(.refused, "\(queue.url) refuses the request: \(failure).", cause: failure)
            case .unavailable, .expired, .notAuthorized, .missing: throw error(failure, of: nil)
            }
        }
    }
}
