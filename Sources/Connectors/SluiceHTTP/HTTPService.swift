import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// The connections to one server.
///
/// Certificates are always verified, redirects are not followed, and nothing is tried twice: whether and when a request
/// is repeated is for the queue in front of a sink to say.
package final class HTTPService: Sendable {
    private let client: HTTPClient
    private let timeout: TimeAmount

    /// Makes a client; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - connections: How many there may be at the same time.
    ///   - timeout: How long connecting, and how long an answer, may take.
    package init(connections: Int, timeout: Duration) {
        self.timeout = .nanoseconds(timeout.nanoseconds)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: self.timeout, read: self.timeout, write: self.timeout)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // The client insists on being told. After ``close()`` this does nothing.
        client.shutdown { _ in }
    }

    /// Sends a request and reads the answer.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - limit: How many bytes of the answer's content are wanted; reading stops there.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``HTTPFailure`` if there is no answer in time; `CancellationError` promptly if the task is cancelled.
    package func send(_ request: HTTPRequest, limit: Int) async throws -> HTTPAnswer {
        let deadline = NIODeadline.now() + timeout
        do {
            let response = try await client.execute(HTTPClientRequest(request), deadline: deadline)
            var body: [UInt8] = []
            for try await chunk in response.body {
                body.append(contentsOf: chunk.readableBytesView.prefix(limit - body.count))
                // The client's own deadline ends with the headers; between two chunks it allows for the whole time again.
                if body.count >= limit || NIODeadline.now() > deadline { break }
            }
            try Task.checkCancellation()
            let headers = response.headers.map { HTTPField($0.name, $0.value) }
            return HTTPAnswer(status: Int(response.status.code), headers: headers, body: body)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw HTTPFailure(error)
        }
    }

    /// Closes the connections; requests under way fail.
    ///
    /// Safe to call more than once.
    package func close() async {
        try? await client.shutdown()
    }
}

extension HTTPClientRequest {
    fileprivate init(_ request: HTTPRequest) {
        self.init(url: request.url)
        method = HTTPMethod(rawValue: request.method)
        for field in request.headers { headers.add(name: field.name, value: field.value) }
        if !request.body.isEmpty { body = .bytes(ByteBuffer(bytes: request.body)) }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLong ? .max : whole + attoseconds / 1_000_000_000
    }
}
