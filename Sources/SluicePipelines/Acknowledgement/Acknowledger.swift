/// Tells a source what became of its messages.
///
/// Called once for each message, by the stages that finish with it; often with many messages at once, and by several stages
/// side by side.
public protocol Acknowledger: AnyObject, Sendable {
    /// Takes note of messages.
    ///
    /// - Parameters:
    ///   - outcome: The messages' receipts, each list in the order in which the messages were handled; one list may be
    ///     empty.
    ///   - group: What the source put into the messages' ``Acknowledgement``.
    /// - Throws: Any error; it is reported, and the messages count as acknowledged: what the broker did not hear of, it
    ///   delivers again.
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws

    /// Takes note of messages that nobody has any more, and that were not acknowledged: a pipeline was cancelled, or did
    /// not drain in time, or they came behind the end of one that drained.
    ///
    /// Called wherever the last of the messages that were emitted together is released; must not block. Does nothing
    /// unless it is implemented.
    ///
    /// - Parameters:
    ///   - receipts: The messages', in the order in which they were emitted.
    ///   - group: As above.
    func dropped(_ receipts: [Receipt], of group: Int)

    /// Takes note of how one message is to be acknowledged; see ``Message/configureAcknowledgement(_:)``.
    ///
    /// - Parameters:
    ///   - options: What the source's documentation says.
    ///   - receipt: The message's.
    ///   - group: As above.
    /// - Throws: ``AcknowledgementError`` unless it is implemented, or if these are no options of the source.
    func configure(_ options: any Sendable, _ receipt: Receipt, of group: Int) throws
}

extension Acknowledger {
    /// Throws: there are no options.
    public func configure(_ options: any Sendable, _ receipt: Receipt, of group: Int) throws {
        throw AcknowledgementError(unknown: options)
    }

    /// Does nothing: the broker delivers such messages again.
    public func dropped(_ receipts: [Receipt], of group: Int) {}
}
