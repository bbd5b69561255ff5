import FoundationEssentials
import SluiceHTTP
import SluiceSinks

extension SQSClient {
    /// How large a message of the queue may be, in bytes.
    ///
    /// - Throws: ``SinkError``.
    func largestMessage() async throws -> Int {
        let size = try await attribute("MaximumMessageSize")
        guard size > 0 else { throw noQueue }
        return size
    }

    /// An attribute of the queue that is a number.
    ///
    /// - Throws: ``SinkError``.
    func attribute(_ name: String) async throws -> Int {
        let body: [UInt8]
        do {
            body = try await call("GetQueueAttributes", RequestBody.attribute(name, of: queue))
        } catch let failure as SQSFailure {
            throw SinkError(.refused, "\(queue.url) does not tell its attributes: \(failure).", cause: failure)
        }
        guard let document = try? JSONDecoder().decode([String: [String: String]].self, from: Data(body)),
            let value = document["Attributes"]?[name].flatMap({ Int($0) })
        else { throw noQueue }
        return value
    }

    private var noQueue: SinkError {
        SinkError(.missing, "\(endpoint.server.origin) answers, but not as SQS does. Check the URL.")
    }

    /// Something else than SQS answers, a proxy in front of it perhaps.
    var strangeAnswer: SinkError {
        SinkError(.unavailable, "\(endpoint.server.origin) answers, but not as SQS does.")
    }

    /// Sends messages in one request.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    func send(_ messages: ArraySlice<OutgoingMessage>) async throws -> RequestOutcome {
        do {
            let body = try await call("SendMessageBatch", RequestBody.batch(messages, to: queue))
            guard let answer = BatchAnswer(body) else { throw strangeAnswer }
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
