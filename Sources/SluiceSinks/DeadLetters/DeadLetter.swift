/// A message that a sink does not take, and why.
public struct DeadLetter: Sendable {
    /// The message as it was sent.
    public let message: OutgoingMessage

    /// For people, without row data or secrets.
    public let reason: String

    /// How often the sink has answered that it failed; 0 if it was refused at once.
    public let attempts: Int

    /// Makes a letter.
    public init(message: OutgoingMessage, reason: String, attempts: Int) {
        self.message = message
        self.reason = reason
        self.attempts = attempts
    }
}
