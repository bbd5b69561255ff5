public import SluiceSinks

/// What a source of NATS messages tells of: what went wrong and did not end it.
public enum NATSSourceReport: Sendable {
    /// The connection was lost; it is made again by itself.
    case disconnected
    /// The connection is there again.
    case reconnected
    /// Connecting, or a pull request, failed; the next one follows after a time.
    case pullFailed(SinkError, retryingIn: Duration)
    /// The server was not told of so many messages that they are in progress: unless that succeeds later, they may be
    /// delivered a second time while they are still being handled.
    case extensionFailed(any Error, messages: Int)
}
