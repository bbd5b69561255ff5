public import SluicePostgres
public import SluiceSinks

/// Writes messages to topics of a Kafka cluster in transactions, each together with the sink's cursor: exactly once for
/// consumers that read only what is committed (`isolation.level=read_committed`).
///
/// The cursor is the last record, with the transactional id as its key, in partition 0 of a topic that should be
/// compacted: one of its own for each slot, unless the URL names another by `cursor.topic`. Whoever opens the sink aborts
/// what the process before had begun, fences that process, and reads the cursor.
///
/// - **Order:** batches are written one after another, each in one or several transactions, in the order of the slot.
/// - **Messages that are never taken**, such as those that are too large, are put aside before the transaction that passes
///   over them is committed, if there is a place for them; else they end the stream.
/// - **One source:** a transactional id belongs to the server and the slot that wrote first; others are refused.
/// - **One writer:** the cluster lets only the process write that opened last; others stop.
public final class TransactionalKafkaSink: RefusingSink {
    /// The brokers, the topic and the transactional id, without the URL's other options.
    public let identity: String

    /// A compacted topic keeps the last record of each key: without a delete a row would stay under its old key.
    public let splitsKeyChanges = true

    private let settings: KafkaSettings
    private let id: String
    private let thread: SinkThread<TransactionWriter>
    private let stop = StopFlag()

    init(_ settings: KafkaSettings, id: String) {
        self.settings = settings
        self.id = id
        identity = "\(settings.name)?transactional.id=\(id)"
        thread = SinkThread(name: identity)
    }

    deinit {
        stop.raise()
    }

    /// Connects, ends what the process before has left, and answers the cursor, whatever is remembered.
    ///
    /// - Throws: ``SluiceSinks/SinkError``: as ``KafkaSink/open(for:remembered:)``, and `missing` if there is no topic for
    ///   the cursor, `otherSource` if the transactional id belongs to another slot, `corrupt` if its cursor cannot be
    ///   read.
    public func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        try await thread.open { [settings, id, stop] in
            try TransactionWriter.open(settings, id: id, source: source, stop: stop)
        }
    }

    /// Writes a batch and the cursor.
    ///
    /// While the cluster is not reached, it tries again for as long as that takes.
    ///
    /// - Throws: ``SluiceSinks/SinkError``: `takenOver` if another process has opened the sink, `refused` if a message can
    ///   never be written, `missing` or `notAuthorized` as for opening; `CancellationError`.
    public func deliver(_ changes: [Change]) async throws -> SinkPosition {
        try await thread.deliver(changes)
    }

    /// Writes a batch without the messages that can never be written, and the cursor.
    ///
    /// Of messages that are too large for the client all of a transaction are put aside at once. A broker refuses sets of
    /// messages: smaller and smaller transactions find the one that is to blame. While a message is put aside, no
    /// transaction is open.
    ///
    /// - Throws: As ``deliver(_:)``, but `refused` only if the cursor can never be written; what `bury` throws.
    public func deliver(
        _ changes: [Change],
        burying bury: @Sendable ([DeadLetter]) async throws -> Void
    ) async throws -> SinkPosition {
        var aside: Set<Cursor> = []
        while true {
            switch try await thread.perform({ [aside] in try $0.deliver(changes, without: aside) }) {
            case .written(let position): return position
            case .refused(let letters):
                try await bury(letters)
                aside.formUnion(letters.lazy.map(\.message.cursor))
            }
        }
    }

    /// Moves the cursor back; the messages stay, and come again.
    public func rewind(to cursor: Cursor) async throws -> SinkPosition {
        try await thread.rewind(to: cursor)
    }

    /// Closes the connections; a transaction that is open is left to the cluster, or to whoever opens the sink next.
    public func close() async {
        stop.raise()
        await thread.close()
    }
}
