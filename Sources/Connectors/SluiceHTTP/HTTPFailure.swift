import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

/// Why there is no answer.
///
/// It is not known whether the server took the request.
package struct HTTPFailure: Error, CustomStringConvertible {
    /// What happened, without the URL: that may hold a secret.
    package var reason: String

    /// Makes a failure.
    package init(_ reason: String) {
        self.reason = reason
    }

    package var description: String { reason }
}

extension HTTPFailure {
    /// Says in words what the client reports.
    init(_ error: any Error) {
        switch error {
        case let error as HTTPFailure: self = error
        case let error as HTTPClientError: reason = Self.words(error)
        case let error as NIOSSLError: reason = "no secure connection (\(error))"
        case let error as NIOConnectionError: reason = Self.words(error)
        default: reason = String(describing: error)
        }
    }

    private static func words(_ error: HTTPClientError) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout, .writeTimeout: "no answer in time"
        case .connectTimeout, .getConnectionFromPoolTimeout: "no connection in time"
        case .tlsHandshakeTimeout: "no secure connection in time"
        default: error.shortDescription
        }
    }

    private static func words(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first { return String(describing: failure.error) }
        return error.dnsAError.map { String(describing: $0) } ?? "the name has no address"
    }
}
