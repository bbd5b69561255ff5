package import SluicePostgres
import Synchronization

/// The log on disk between a slot and several sinks: one copy of the changes, and a cursor for each sink.
///
/// It is the sink of the slot: what is in it and synchronized is acknowledged, and a slot that goes on goes on behind its
/// last record. The sinks read it, each at its own pace; see ``LogSource``. A segment goes when the durable cursors of all
/// sinks are past it.
///
/// - **Full:** when the segments take the whole budget, ``deliver(_:)`` waits until the sink that is furthest behind has
///   gone on, or detaches that one: ``WhenFull``.
/// - **Failure:** a failed write or `fsync` ends it for good.
/// - **Recovery:** it is cut at the first record that is not whole. If less is left than was acknowledged, nothing is cut
///   and the start fails.
package final class SpillLog: OrderedSink {
    /// What happens when the disk budget is used up.
    package enum WhenFull: Sendable {
        /// Wait for the sink that is furthest behind: the slot pauses.
        case pause
        /// Call this with the identity of the sink that is furthest behind, which is then given up. It returns when that
        /// is remembered: the sink's changes are lost to it afterwards.
        case detach(@Sendable (String) async throws -> Void)
    }

    /// What is told of a log.
    package struct Snapshot: Sendable {
        /// How many bytes of disk it takes.
        package var bytes: Int
        /// The sink that a full log waits for; `nil` if it is not full.
        package var heldBy: String?
    }

    private struct State {
        var ledger: LogLedger
        var source: SourceIdentity?
        var folder: LogFolder?
        var whenFull = WhenFull.pause
        var settle: @Sendable () async throws -> Void = {}
        var heldBy: String?
        var hasEnded = false
        var keepsRows = false
        var readers: [ObjectIdentifier: Signal] = [:]
    }

    /// What names the log in the state file.
    package static let name = "log"

    package var identity: String { Self.name }

    private let stateFolder: String
    private let thread = BlockingThread()
    // Only the thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let writer = Mutex<Result<LogWriter, any Error>?>(nil)
    private let state: Mutex<State>
    private let room = Signal()

    /// Makes a log; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - stateFolder: The log is a folder in it.
    ///   - budget: How many bytes of disk it may take, at least 1.
    package init(stateFolder: String, budget: Int) {
        self.stateFolder = stateFolder
        state = Mutex(State(ledger: LogLedger(budget: budget)))
    }

    /// Says what happens when the budget is used up; to be called before the first ``deliver(_:)``.
    ///
    /// - Parameters:
    ///   - policy: What happens.
    ///   - settle: Called first: makes the sinks' cursors durable as they are, and tells of them by ``advance(_:to:)``.
    package func whenFull(_ policy: WhenFull, settle: @escaping @Sendable () async throws -> Void) {
        state.withLock { ($0.whenFull, $0.settle) = (policy, settle) }
    }

    /// What is going on.
    package var snapshot: Snapshot {
        state.withLock { Snapshot(bytes: $0.ledger.size, heldBy: $0.heldBy) }
    }

    /// Behind which change the log begins; `nil` before ``begin(at:keepingRows:)``.
    package var floor: Cursor? { state.withLock { $0.ledger.floor } }

    /// Behind which change it has every row, too; its end if it keeps none, `nil` before ``begin(at:keepingRows:)``.
    package var rowsFloor: Cursor? { state.withLock { $0.ledger.rowsFloor } }

    /// Whether rows are kept beside their messages, because a sink reads them; known from ``begin(at:keepingRows:)`` on.
    package var readsRows: Bool { state.withLock { $0.keepsRows } }

    /// The last change in the log, or the one that it begins behind.
    package var last: Cursor? { state.withLock { $0.ledger.last } }

    // MARK: The slot's side

    package func open(for source: SourceIdentity, remembered: SinkPosition?) async throws -> SinkOpening {
        let folder = LogFolder(
            path: "\(absolutePath(stateFolder))/\(ClaimFile.name(source: source, sink: identity)).log"
        )
        return try await run { [self] writer in
            try folder.create()
            let recovery = try LogRecovery(folder, source: source)
            try Self.check(recovery, remembered, folder)
            try recovery.cut(folder)
            if let newest = recovery.segments.last {
                writer = .success(
                    LogWriter(
                        folder: folder,
                        file: try folder.open(newest.start),
                        length: UInt64(newest.size),
                        cursor: newest.last
                    )
                )
            }
            state.withLock { state in
                (state.source, state.folder) = (source, folder)
                for segment in recovery.segments { state.ledger.begin(segment) }
            }
            let notices = recovery.damage.map { "Cut \($0.count) bytes of an interrupted write from \($0.path)." }
            let hasRecords = recovery.segments.contains { $0.bytes > 0 } || remembered?.cursor != nil
            return SinkOpening(
                position: SinkPosition(cursor: hasRecords ? recovery.last : nil),
                notices: notices.map { [$0] } ?? []
            )
        }
    }

    /// Begins an empty log, or goes on with one.
    ///
    /// - Parameters:
    ///   - position: Everything that commits at or above it will be in the log.
    ///   - keepsRows: Whether the changes that come now have their rows.
    /// - Throws: ``SinkError`` if the disk refuses.
    package func begin(at position: LSN, keepingRows keepsRows: Bool = false) async throws {
        let after = Cursor.below(position)
        try await run { [self] writer in
            let newest = state.withLock { state in
                state.keepsRows = keepsRows
                return state.ledger.segments.last
            }
            // A segment says of all of its changes whether their rows are there. Nothing is removed yet: who holds what is
            // told later.
            guard writer == nil || newest?.hasRows != keepsRows else { return }
            try roll(&writer, after: newest?.last ?? after)
        }
    }

    /// Appends changes and makes them durable, in pieces if there is not room for all; waits for room.
    package func deliver(_ changes: [Change]) async throws -> SinkPosition {
        var rest = changes[...]
        var isSettled = false
        while !rest.isEmpty {
            let appended = try await run { [self, rest] writer in
                while true {
                    let appended = try append(rest, &writer)
                    guard appended.count == 0, appended.room == .roll else { return appended }
                    try roll(&writer, after: last)
                    let (folder, freed) = state.withLock { ($0.folder, $0.ledger.takeFreed()) }
                    for start in freed { folder?.remove(start) }
                }
            }
            rest = rest.dropFirst(appended.count)
            if appended.count > 0 { state.withLock { $0.heldBy = nil } }
            guard case .full(let sink) = appended.room else { continue }
            if !isSettled || appended.count > 0 {
                try await state.withLock { $0.settle }()
                isSettled = true
            } else {
                try await makeRoom(sink)
                isSettled = false
            }
        }
        return SinkPosition(cursor: last)
    }

    /// Cannot be done: sinks have read what would be taken back.
    package func rewind(to cursor: Cursor) async throws -> SinkPosition {
        throw SinkError(
            .unsupported,
            "A log cannot deliver a transaction anew, which its sinks may have in part. Use the options that it was begun "
                + "with until that transaction is through."
        )
    }

    /// Tells the sinks that nothing more will come: their sources end behind the last record.
    package func finish() {
        state.withLock { $0.hasEnded = true }
        wakeReaders()
    }

    package func close() async {
        await thread.close { [self] in writer.withLock { $0 = nil } }
    }

    // MARK: The sinks' side

    /// Keeps everything above a cursor for a sink.
    package func hold(_ sink: String, above cursor: Cursor) {
        state.withLock { $0.ledger.hold(sink, above: cursor) }
    }

    /// A sink's durable cursor has moved; what nobody needs any more is removed.
    package func advance(_ sink: String, to cursor: Cursor) async throws {
        state.withLock { $0.ledger.advance(sink, to: cursor) }
        try await free()
    }

    /// Keeps nothing for a sink any more.
    package func release(_ sink: String) async throws {
        state.withLock { $0.ledger.release(sink) }
        try await free()
    }

    /// How many bytes of records are above a cursor; whole segments only.
    package func bytes(above cursor: Cursor) -> Int {
        state.withLock { $0.ledger.bytes(above: cursor) }
    }

    /// Where a reader is to begin.
    func place(above cursor: Cursor) -> (folder: LogFolder, segment: LogLedger.Segment)? {
        state.withLock { state in
            guard let folder = state.folder,
                let segment = state.ledger.segments.first(where: { $0.last.change > cursor.change })
                    ?? state.ledger.segments.last
            else { return nil }
            return (folder, segment)
        }
    }

    /// The segment that starts at an offset.
    func place(startingAt start: UInt64) -> (folder: LogFolder, segment: LogLedger.Segment)? {
        state.withLock { state in
            guard let folder = state.folder, let segment = state.ledger.segments.first(where: { $0.start == start })
            else { return nil }
            return (folder, segment)
        }
    }

    /// The segment that starts at an offset, as far as it is durable, and whether there is one behind it.
    func segment(startingAt start: UInt64) -> (segment: LogLedger.Segment, isNewest: Bool)? {
        state.withLock { state in
            guard let segment = state.ledger.segments.first(where: { $0.start == start }) else { return nil }
            return (segment, segment.start == state.ledger.segments.last?.start)
        }
    }

    /// The offset behind the last record, and whether there will be none behind it.
    var end: (offset: UInt64, isFinal: Bool) { state.withLock { ($0.ledger.end, $0.hasEnded) } }

    /// Raises a signal whenever there is more to read, until it is withdrawn.
    func register(_ reader: AnyObject, _ signal: Signal) {
        state.withLock { $0.readers[ObjectIdentifier(reader)] = signal }
    }

    func withdraw(_ reader: AnyObject) {
        state.withLock { $0.readers[ObjectIdentifier(reader)] = nil }
    }

    // MARK: On the thread

    private func append(
        _ changes: ArraySlice<Change>,
        _ writer: inout Result<LogWriter, any Error>?
    ) throws -> LogWriter.Appended {
        guard case .success(var open)? = writer else {
            throw SinkError(.notOpen, "The log has not begun.")
        }
        do {
            let appended = try open.append(changes, ledger: state.withLock { $0.ledger })
            writer = .success(open)
            state.withLock { state in
                for record in appended.records { state.ledger.append(record) }
            }
            if !appended.records.isEmpty { wakeReaders() }
            return appended
        } catch {
            writer = .failure(error)
            throw error
        }
    }

    private func roll(_ writer: inout Result<LogWriter, any Error>?, after: Cursor?) throws {
        let (folder, source, start, keepsRows) = state.withLock { state in
            (state.folder, state.source, state.ledger.end, state.keepsRows)
        }
        guard let folder, let source, let after else { throw SinkError(.notOpen, "The log is not open.") }
        let header = SegmentHeader(start: start, after: after, source: source, hasRows: keepsRows)
        writer = .success(try LogWriter.roll(folder, header: header))
        state.withLock { state in
            state.ledger.begin(
                LogLedger.Segment(
                    start: start,
                    headerSize: header.size,
                    last: after,
                    after: after,
                    hasRows: keepsRows
                )
            )
        }
        wakeReaders()
    }

    private func free() async throws {
        let (folder, freed) = state.withLock { ($0.folder, $0.ledger.takeFreed()) }
        room.raise()
        guard let folder, !freed.isEmpty else { return }
        // After a failed append the thread still removes.
        try await thread.run { for start in freed { folder.remove(start) } }
    }

    private func makeRoom(_ sink: String) async throws {
        let policy = state.withLock { state in
            state.heldBy = sink
            return state.whenFull
        }
        switch policy {
        case .pause:
            guard await room.wait() else { throw CancellationError() }
        case .detach(let detach):
            try await detach(sink)
            try await release(sink)
        }
    }

    private func wakeReaders() {
        for signal in state.withLock({ Array($0.readers.values) }) { signal.raise() }
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (inout Swift.Result<LogWriter, any Error>?) throws -> Result
    ) async throws -> Result {
        do {
            return try await thread.run { [self] in
                try writer.withLock { writer in
                    if case .failure(let cause)? = writer {
                        throw SinkError(.notOpen, "The log failed before (\(cause)).", cause: cause)
                    }
                    return try body(&writer)
                }
            }
        } catch is BlockingThread.Closed {
            throw SinkError(.notOpen, "The log is closed.")
        }
    }

    /// Less than was acknowledged must not be left.
    static func check(_ recovery: LogRecovery, _ remembered: SinkPosition?, _ folder: LogFolder) throws {
        guard let remembered = remembered?.cursor else { return }
        if let last = recovery.last, last >= remembered { return }
        let found = recovery.damage.map { "\($0.path) is damaged at byte \($0.position)" } ?? "segments are missing"
        throw SinkError(
            .corrupt,
            "The log in \(folder.path) ends at \(recovery.last?.description ?? "its start"), but it had the changes up to "
                + "\(remembered), which the server will not send again: \(found). Nothing was changed. Put the folder "
                + "back as it was, or start with a new state folder to go on without those changes."
        )
    }
}
