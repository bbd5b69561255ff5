import CLibNATS
import SluiceSinks

/// Says what a failure of libnats or JetStream means.
struct NATSFailure {
    /// Of the servers.
    let name: String

    init(_ name: String) {
        self.name = name
    }

    /// A connection was not made.
    ///
    /// - Parameters:
    ///   - status: What the library says.
    ///   - lacksCertificate: TLS was asked for, without a certificate of the client's own.
    /// - Returns: The error, with the code `unavailable` if it may pass by itself.
    func connecting(_ status: natsStatus, lacksCertificate: Bool) -> SinkError {
        let text = Self.text(status)
        switch status {
        case NATS_CONNECTION_AUTH_FAILED, NATS_NOT_PERMITTED: return notAuthorized(text)
        case NATS_SECURE_CONNECTION_REQUIRED:
            return SinkError(.badURL, "\(name) asks for TLS. Write tls:// instead of nats://, and tls.ca if need be.")
        case NATS_SECURE_CONNECTION_WANTED:
            return SinkError(.badURL, "\(name) does not speak TLS. Write nats:// without options of tls.")
        case NATS_SSL_ERROR:
            return SinkError(.notAuthorized, "\(name): TLS fails (\(text)). Check tls.ca, tls.cert and tls.key.")
        default:
            // With TLS 1.3 the server says so only when the handshake is over, by closing the connection.
            let hint = lacksCertificate ? " If it asks for clients' certificates, give tls.cert and tls.key." : ""
            return SinkError(.unavailable, "\(name) cannot be reached: \(text).\(hint)")
        }
    }

    /// What the server says when it does not let one in.
    func notAuthorized(_ text: String) -> SinkError {
        SinkError(
            .notAuthorized,
            "\(name) does not accept the user, the token or the credentials (\(text)). Check those of the URL."
        )
    }

    /// The connection was closed for ever.
    func closed(_ reason: String) -> SinkError {
        let text = reason.lowercased()
        return text.contains("auth") ? notAuthorized(reason) : unavailable("has closed the connection: \(reason)")
    }

    /// A call of JetStream failed.
    ///
    /// - Parameters:
    ///   - status: What the library says.
    ///   - code: What the server says; 0 for nothing.
    ///   - action: What was to be done.
    /// - Returns: The error, with the code `unavailable` if it passes by itself.
    func calling(_ status: natsStatus, _ code: jsErrCode, _ action: String) -> SinkError {
        let text = Self.text(status)
        switch code {
        case JSStreamNotFoundErr: return SinkError(.missing, "\(name) has no stream for this: \(action). Create it.")
        case JSNotEnabledForAccountErr:
            return SinkError(.notAuthorized, "\(name): the account may not use JetStream. Enable it for the account.")
        default: break
        }
        switch status {
        case NATS_NO_RESPONDERS: return unavailable("does not answer for JetStream, as without it: \(action)")
        case NATS_TIMEOUT, NATS_CONNECTION_CLOSED, NATS_CONNECTION_DISCONNECTED, NATS_NO_SERVER, NATS_IO_ERROR,
            NATS_STALE_CONNECTION, NATS_INSUFFICIENT_BUFFER:
            return unavailable("\(action): \(text)")
        default:
            return Self.passing.contains(code.rawValue)
                ? unavailable("\(action): \(text)")
                : SinkError(.refused, "\(name) refuses: \(action) (\(text), code \(code.rawValue)).")
        }
    }

    /// What passes: a cluster has no leader, or too few servers.
    private static let passing = Set(
        [
            JSClusterNotAvailErr, JSClusterNotLeaderErr, JSClusterIncompleteErr, JSClusterNoPeersErr,
            JSInsufficientResourcesErr, JSStreamOfflineErr, JSConsumerOfflineErr,
            // Another process makes the same consumer at the same moment.
            JSConsumerNameExistErr, JSConsumerExistingActiveErr,
        ].map(\.rawValue)
    )

    /// It passes by itself.
    func unavailable(_ text: String) -> SinkError {
        SinkError(.unavailable, "\(name) \(text).")
    }

    /// The text of the thread's last failure.
    static func text(_ status: natsStatus) -> String {
        var last = NATS_OK
        if let text = nats_GetLastError(&last), last == status, text.pointee != 0 { return String(cString: text) }
        return String(cString: natsStatus_GetText(status))
    }
}
