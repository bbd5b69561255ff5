/// A place for messages that a sink does not take.
public protocol DeadLetterBox: Sendable {
    /// Claims the place.
    ///
    /// - Throws: ``SinkError`` if it cannot be used.
    func open() async throws

    /// Makes letters durable.
    ///
    /// After a crash the same letters may come again, with the same idempotency keys.
    ///
    /// - Parameters:
    ///   - letters: At least one.
    ///   - sink: The identity of the sink that did not take them.
    /// - Throws: ``SinkError`` if the place fails; `CancellationError`.
    func put(_ letters: [DeadLetter], of sink: String) async throws

    /// Gives the place back.
    func close() async
}
