public import SluicePostgres

/// A sink that keeps messages as one log, or stores its cursor in the same transaction as the messages.
///
/// - **Ordering:** batches come one at a time, in strict sequence order; each starts behind the end of the last one.
///   Nothing is left out: changes without messages (filtered rows, commits) are there too, so that the sink's position
///   can move past them.
/// - **Repetition:** after a restart the first batches may hold messages that the sink already has: those at or below
///   the position that ``Sink/open(for:remembered:)`` returned. A sink that can tell drops them; one that cannot
///   delivers them again.
/// - **Durability:** ``deliver(_:)`` returns when nothing can be lost any more, not when the bytes were handed over.
///   What is reported to Postgres, and then deleted there, follows from what it returns.
public protocol OrderedSink: Sink {
    /// Whether the sink reads rows, see ``SluicePostgres/Change/row``, so that they must be kept beside the messages.
    var readsRows: Bool { get }

    /// Makes a batch durable.
    ///
    /// - Parameter changes: In ascending order of their cursors, all above those of the batch before.
    /// - Returns: The durable position: that of the last change, see ``SluicePostgres/Change/lastCursor``.
    /// - Throws: ``SinkError`` if the place refuses or fails; `CancellationError` promptly when the task is cancelled.
    func deliver(_ changes: [Change]) async throws -> SinkPosition

    /// Forgets every message above a cursor, so that they can be delivered anew with other cursors.
    ///
    /// Called between ``Sink/open(for:remembered:)`` and the first ``deliver(_:)``, and only when a user asked to resume
    /// from the start of a transaction. A sink that cannot take messages back just answers a position at the cursor.
    ///
    /// - Parameter cursor: The last cursor to keep.
    /// - Returns: The durable position afterwards.
    /// - Throws: ``SinkError`` if the place refuses or fails.
    func rewind(to cursor: Cursor) async throws -> SinkPosition
}

extension OrderedSink {
    /// False: the sink reads messages only.
    public var readsRows: Bool { false }
}

extension Sink {
    /// Whether it is an ordered sink that reads rows.
    package var takesRows: Bool { (self as? any OrderedSink)?.readsRows ?? false }
}
