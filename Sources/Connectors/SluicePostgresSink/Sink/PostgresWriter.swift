import SluicePostgres
import SluiceSinks
import Synchronization

/// The blocking half of ``PostgresSink``: one session after another, and what is known to be stored.
final class PostgresWriter: SinkWriter {
    private struct State {
        var session: TargetSession?
        var progress: DeliveryProgress
        /// The server's process of the last session, which may outlive it there.
        var lastProcess: Int
    }

    private let settings: PostgresSettings
    private let source: SourceIdentity
    private let closing: Closing
    private let report: @Sendable (String) -> Void
    // Only the sink's thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let state: Mutex<State>

    private init(
        _ settings: PostgresSettings,
        _ source: SourceIdentity,
        _ closing: Closing,
        _ report: @escaping @Sendable (String) -> Void,
        _ session: sending TargetSession
    ) {
        self.settings = settings
        self.source = source
        self.closing = closing
        self.report = report
        let (progress, process) = (DeliveryProgress(at: session.cursor), session.process)
        state = Mutex(State(session: session, progress: progress, lastProcess: process))
    }

    /// Connects for the first time.
    static func open(
        _ settings: PostgresSettings,
        for source: SourceIdentity,
        closing: Closing,
        report: @escaping @Sendable (String) -> Void
    ) throws -> (PostgresWriter, SinkOpening) {
        do {
            let session = try TargetSession(
                settings,
                for: source,
                closing: closing,
                replacing: nil,
                report: report
            )
            let opening = SinkOpening(position: SinkPosition(cursor: session.cursor))
            return (PostgresWriter(settings, source, closing, report, session), opening)
        } catch {
            throw SinkError(target: settings.target, error)
        }
    }

    /// How often the present session has waited for answers of the server to statements.
    var roundTrips: Int { state.withLock { $0.session?.roundTrips ?? 0 } }

    func deliver(_ changes: [Change]) throws -> SinkPosition {
        try state.withLock { state in
            var progress = state.progress
            var work: [PendingChange] = []
            for change in changes {
                guard let first = try progress.take(change), change.messageCount > 0 else { continue }
                work.append(PendingChange(change: change, first: first))
            }
            if let end = progress.cursor, end != state.progress.cursor {
                let start = state.progress.cursor
                try repeating(&state, until: end, from: start) { try $0.store(work, from: start, to: end) }
            }
            state.progress = progress
            return SinkPosition(cursor: progress.cursor)
        }
    }

    func rewind(to cursor: Cursor) throws -> SinkPosition {
        try state.withLock { state in
            guard let last = state.progress.cursor, last > cursor else {
                return SinkPosition(cursor: state.progress.cursor)
            }
            try repeating(&state, until: cursor, from: last) { try $0.store([], from: last, to: cursor) }
            state.progress = DeliveryProgress(at: cursor)
            return SinkPosition(cursor: cursor)
        }
    }

    /// Stores something in one transaction, in as many sessions as that takes.
    ///
    /// - Parameters:
    ///   - state: Keeps the session.
    ///   - end: The position that is stored with it: a session that finds it has nothing to do any more.
    ///   - start: The position that has to be there before.
    ///   - store: Does it.
    /// - Throws: ``SluiceSinks/SinkError``.
    private func repeating(
        _ state: inout State,
        until end: Cursor,
        from start: Cursor?,
        _ store: (TargetSession) throws -> Void
    ) throws {
        do {
            try closing.repeating(
                "\(settings.target)",
                base: .milliseconds(200),
                report: report,
                passing: PassingFailure.reason
            ) {
                do {
                    let session = try session(&state)
                    // The last session may have committed before it was lost.
                    if session.cursor == end { return }
                    guard session.cursor == start else { throw takenOver(session.cursor, instead: start) }
                    try store(session)
                } catch {
                    state.session = nil
                    throw error
                }
            }
        } catch {
            throw SinkError(target: settings.target, error)
        }
    }

    private func session(_ state: inout State) throws -> TargetSession {
        if let session = state.session { return session }
        let session = try TargetSession(
            settings,
            for: source,
            closing: closing,
            replacing: state.lastProcess,
            report: report
        )
        state.lastProcess = session.process
        state.session = session
        return session
    }

    private func takenOver(_ stored: Cursor?, instead expected: Cursor?) -> SinkError {
        SinkError(
            .takenOver,
            "The position \"\(settings.cursor)\" in \(settings.target) is \(stored?.description ?? "the start") instead "
                + "of \(expected?.description ?? "the start"): another process has written there, or the database was "
                + "set back. This process stops; let only one write, and give each slot a cursor=NAME of its own."
        )
    }
}

/// A change with messages that are not stored yet.
struct PendingChange {
    let change: Change
    /// The number of the first of them.
    let first: Int
}
