public import SluicePostgres

/// A place where messages become durable.
///
/// A sink is opened once, gets batches one at a time in strict sequence order, and is closed once.
///
/// - **Ordering:** each batch starts behind the end of the last one. Nothing is left out: changes without messages
///   (filtered rows, commits) are there too, so that the sink's position can move past them.
/// - **Repetition:** after a restart the first batches may hold messages that the sink already has: those at or below
///   the position that ``open(for:remembered:)`` returned. A sink that can tell drops them; one that cannot delivers
///   them again.
/// - **Durability:** ``deliver(_:)`` returns when nothing can be lost any more, not when the bytes were handed over.
///   What is reported to Postgres, and then deleted there, follows from what it returns.
/// - **Failure:** after a thrown error, `CancellationError` included, it is unknown how much of the batch is durable.
///   The sink is then only closed; a new one is opened, which finds out.
/// - **Blocking:** never on the caller's thread.
public protocol Sink: Sendable {
    /// What names the sink in the state file, the same in each run, for example `file:/var/log/shop.ndjson`.
    var identity: String { get }

    /// Claims the place against other processes, repairs what an interrupted run left, and answers what is durable.
    ///
    /// - Parameters:
    ///   - source: Where the messages will come from.
    ///   - remembered: The last position of this sink that the state file holds; `nil` if it holds none.
    /// - Returns: What is durable. It is the truth, also where it differs from `remembered`: a sink that stores a
    ///   cursor beside its messages answers that one.
    /// - Throws: ``SinkError`` if another process has the place, if it belongs to another source, or if it no longer
    ///   holds what is remembered.
    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening

    /// Makes a batch durable.
    ///
    /// - Parameter changes: In ascending order of their cursors, all above those of the batch before.
    /// - Returns: The durable position: that of the last change, see ``SluicePostgres/Change/lastCursor``.
    /// - Throws: ``SinkError`` if the place refuses or fails; `CancellationError` promptly when the task is cancelled.
    func deliver(_ changes: [Change]) async throws -> SinkPosition

    /// Forgets every message above a cursor, so that they can be delivered anew with other cursors.
    ///
    /// Called between ``open(for:remembered:)`` and the first ``deliver(_:)``, and only when a user asked to resume
    /// from the start of a transaction. A sink that cannot take messages back just answers a position at the cursor.
    ///
    /// - Parameter cursor: The last cursor to keep.
    /// - Returns: The durable position afterwards.
    /// - Throws: ``SinkError`` if the place refuses or fails.
    func rewind(to cursor: Cursor) async throws -> SinkPosition

    /// Gives the place back; what was delivered stays.
    ///
    /// Safe to call in any state and more than once.
    func close() async
}
