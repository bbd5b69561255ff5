public import SluiceSinks

/// What a source of RabbitMQ messages tells of: what went wrong and did not end it.
public enum RabbitMQSourceReport: Sendable {
    /// The broker could not be reached, or has ended the connection, the channel or the consumer; the source connects
    /// again after a time.
    case connectionFailed(SinkError, retryingIn: Duration)
}
