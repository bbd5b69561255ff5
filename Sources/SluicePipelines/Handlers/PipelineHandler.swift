/// What a pipeline does with its messages.
///
/// Every processor and every batch processor calls the same value, side by side. What a handler throws fails the messages
/// that it was given, and nothing else.
public protocol PipelineHandler<Input, Output>: Sendable {
    /// What the source gives.
    associatedtype Input: Sendable

    /// What batches are made of.
    associatedtype Output: Sendable

    /// Gets ready for some messages, as by asking a database once for all of them.
    ///
    /// - Parameter messages: What a processor took together. They may be changed, and let fail, but not removed or moved: then
    ///   all of them fail.
    /// - Throws: Any error: all of them fail.
    func prepare(_ messages: inout [Message<Input>]) async throws

    /// Handles a message; one that failed in ``prepare(_:)`` does not come.
    ///
    /// A processor handles one message after another, in order.
    ///
    /// - Parameter message: The message.
    /// - Returns: What goes on to the batcher that it names, see ``Message/with(_:)``; or only says that the message has
    ///   been handled, if there are no batchers.
    /// - Throws: Any error: the message fails. A ``MessageFailure`` is one that was foreseen.
    func handle(_ message: Message<Input>) async throws -> Message<Output>

    /// Handles messages together.
    ///
    /// - Parameter batch: What is marked as failed in it has failed; the others have been handled.
    /// - Throws: Any error: all of them fail.
    func handleBatch(_ batch: inout MessageBatch<Output>) async throws

    /// Told of messages that failed in a processor, before they are acknowledged as failed: to put them aside, perhaps.
    ///
    /// - Parameter messages: As the source gave them; each has its ``Message/failure``.
    /// - Throws: Any error; it is reported, and changes nothing.
    func handleFailed(_ messages: [Message<Input>]) async throws

    /// Told of the messages of a batch that failed, before they are acknowledged as failed.
    ///
    /// - Parameter batch: Each of its messages has its ``Message/failure``; its size is that of the whole batch.
    /// - Throws: Any error; it is reported, and changes nothing.
    func handleFailed(_ batch: MessageBatch<Output>) async throws
}

extension PipelineHandler {
    /// Does nothing.
    public func prepare(_ messages: inout [Message<Input>]) async throws {}

    /// Takes all of them for handled.
    public func handleBatch(_ batch: inout MessageBatch<Output>) async throws {}

    /// Does nothing.
    public func handleFailed(_ messages: [Message<Input>]) async throws {}

    /// Does nothing.
    public func handleFailed(_ batch: MessageBatch<Output>) async throws {}
}
