/// How large a request to a sink may be, and how many may be under way.
public struct RequestLimits: Hashable, Sendable {
    /// Messages in one request, at least 1.
    public var messages: Int

    /// Bytes of the bodies and keys in one request, at least 1; a single message that is larger is sent alone.
    public var bytes: Int

    /// Bytes of one message's body and key, at least 1; a larger message is not sent but refused.
    public var messageBytes: Int

    /// Requests at the same time, at least 1.
    public var concurrency: Int

    /// Sets limits.
    public init(messages: Int, bytes: Int = .max, messageBytes: Int = .max, concurrency: Int = 1) {
        precondition(
            messages > 0 && bytes > 0 && messageBytes > 0 && concurrency > 0,
            "Limits of requests are at least 1"
        )
        self.messages = messages
        self.bytes = bytes
        self.messageBytes = messageBytes
        self.concurrency = concurrency
    }
}
