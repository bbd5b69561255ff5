/// A place where messages become durable.
///
/// There are two kinds, and each conformance is to one of them:
///
/// - an ``OrderedSink`` keeps one log and its own cursor, and gets everything in strict sequence order;
/// - a ``KeyedSink`` takes requests and answers for each message; messages of different keys may overtake each other.
///
/// A sink is opened once and closed once. After a thrown error, `CancellationError` included, it is unknown how much of
/// the last call is durable: the sink is then only closed, and a new one finds out.
///
/// No call ever blocks the caller's thread.
public protocol Sink: Sendable {
    /// What names the sink in the state file, the same in each run, for example `file:/var/log/shop.ndjson`.
    ///
    /// It holds no secret: neither a password nor a token.
    var identity: String { get }

    /// Whether the sink keeps the last message of each key, so that an update that changes a row's key must become a delete
    /// of the old key and an insert of the new; the insert follows when the delete is durable, or with it.
    var splitsKeyChanges: Bool { get }

    /// Claims the place against other processes, repairs what an interrupted run left, and answers what is durable.
    ///
    /// - Parameters:
    ///   - source: Where the messages will come from.
    ///   - remembered: The last position of this sink that the state file holds; `nil` if it holds none.
    /// - Returns: What is durable. It is the truth, also where it differs from `remembered`: a sink that stores a
    ///   cursor beside its messages answers that one, and a sink that stores none answers `remembered`.
    /// - Throws: ``SinkError`` if the place cannot be reached or does not exist, if another process has it, if it
    ///   belongs to another source, or if it no longer holds what is remembered.
    func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening

    /// Gives the place back; what was delivered stays.
    ///
    /// Safe to call in any state and more than once.
    func close() async
}

extension Sink {
    /// False: such an update is one message, with the new key.
    public var splitsKeyChanges: Bool { false }
}
