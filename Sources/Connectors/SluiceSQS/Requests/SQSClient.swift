import FoundationEssentials
import SluiceHTTP
import SluiceSinks

/// Calls the actions of the service: signs, sends, and reads what went wrong.
struct SQSClient: Sendable {
    let endpoint: SQSEndpoint
    let queue: QueueAddress
    let use: QueueUse
    var http: HTTPService
    let credentials: CredentialStore
    let now: @Sendable () -> Date

    /// Calls an action, a second time with new credentials if the first time they had expired.
    ///
    /// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
    ///
    /// - Parameters:
    ///   - action: Its name.
    ///   - body: The request's JSON.
    ///   - limit: How many bytes the answer may have.
    /// - Returns: The body of the answer with status 200.
    /// - Throws: ``SQSFailure`` `content` or `other`; ``SinkError`` for everything else that went wrong.
    func call(_ action: String, _ body: [UInt8], limit: Int = 1 << 20) async throws -> [UInt8] {
        let first = try await credentials.current()
        let failure: SQSFailure
        do {
            return try await call(action, body, limit, as: first)
        } catch let error as SQSFailure where error.kind == .expired {
            credentials.expired(first)
            failure = error
        } catch let error as SQSFailure {
            throw self.error(error, of: first)
        }
        let second = try await credentials.current()
        guard second != first else { throw error(failure, of: first) }
        do {
            return try await call(action, body, limit, as: second)
        } catch let error as SQSFailure {
            throw self.error(error, of: second)
        }
    }

    /// What ends the stream, or makes it wait, as a sink's error; what is about the messages as it is.
    func error(_ failure: SQSFailure, of credentials: AWSCredentials?) -> any Error {
        switch failure.kind {
        case .content, .other: return failure
        case .unavailable:
            return SinkError(.unavailable, "\(queue.url) \(use.outage): \(failure).", cause: failure)
        case .missing:
            return SinkError(.missing, "There is no queue \(queue.url) in \(endpoint.region).", cause: failure)
        case .expired, .notAuthorized:
            let key = credentials.map { " with the \($0)" } ?? ""
            return SinkError(
                .notAuthorized,
                "\(queue.url) refuses the request\(key) (\(failure)). It needs the rights \(use.rights), "
                    + "the region \(endpoint.region) has to be right, and so has the clock.",
                cause: failure
            )
        }
    }

    private func call(
        _ action: String,
        _ body: [UInt8],
        _ limit: Int,
        as credentials: AWSCredentials
    ) async throws -> [UInt8] {
        let time = SigningTime(now())
        var request = HTTPRequest("POST", endpoint.server.origin + endpoint.server.path, body: body)
        request.headers = [
            HTTPField("host", endpoint.server.authority),
            HTTPField("content-type", "application/x-amz-json-1.0"),
            HTTPField("x-amz-target", "AmazonSQS.\(action)"),
            HTTPField("x-amz-date", time.second),
        ]
        if let token = credentials.sessionToken { request.headers.append(HTTPField("x-amz-security-token", token)) }
        let signature = RequestSignature(region: endpoint.region, service: "sqs")
        let authorization = signature.authorization(of: request, path: endpoint.server.path, at: time, by: credentials)
        request.headers.append(HTTPField("authorization", authorization))
        let answer: HTTPAnswer
        do {
            answer = try await http.send(request, limit: limit)
        } catch let failure as HTTPFailure {
            throw SinkError(.unavailable, "\(endpoint.server.origin) does not answer: \(failure).", cause: failure)
        }
        guard answer.status == 200 else { throw SQSFailure(answer) }
        return answer.body
    }
}
