public import SluicePostgres

/// An ordered sink that may refuse a message, and goes on without it when it is safe elsewhere.
public protocol RefusingSink: OrderedSink {
    /// Makes a batch durable but for the messages that the place never takes.
    ///
    /// Everything else is as for ``OrderedSink/deliver(_:)``, which ends the stream at such a message.
    ///
    /// - Parameters:
    ///   - changes: In ascending order of their cursors, all above those of the batch before.
    ///   - bury: Makes refused messages durable elsewhere. Awaited before anything that is behind one of them, or a position
    ///     behind one, becomes durable. After a crash it may be called with the same messages again.
    /// - Returns: The durable position: that of the last change, see ``SluicePostgres/Change/lastCursor``.
    /// - Throws: ``SinkError`` if the place refuses everything or fails; what `bury` throws; `CancellationError` promptly
    ///   when the task is cancelled.
    func deliver(
        _ changes: [Change],
        burying bury: @Sendable ([DeadLetter]) async throws -> Void
    ) async throws -> SinkPosition
}
