import SluicePostgres
import SluiceSinks
import Synchronization

/// The blocking half of ``RedisSink``: one session after another, and what is known to be stored.
final class RedisWriter: SinkWriter {
    private struct State {
        var session: SinkSession?
        var progress: DeliveryProgress
    }

    private let settings: RedisSinkSettings
    private let source: SourceIdentity
    private let closing: Closing
    private let report: @Sendable (String) -> Void
    // Only the sink's thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let state: Mutex<State>

    private init(
        _ settings: RedisSinkSettings,
        _ source: SourceIdentity,
        _ closing: Closing,
        _ report: @escaping @Sendable (String) -> Void,
        _ session: sending SinkSession
    ) {
        self.settings = settings
        self.source = source
        self.closing = closing
        self.report = report
        let progress = DeliveryProgress(at: session.cursor)
        state = Mutex(State(session: session, progress: progress))
    }

    /// Connects for the first time.
    static func open(
        _ settings: RedisSinkSettings,
        for source: SourceIdentity,
        closing: Closing,
        report: @escaping @Sendable (String) -> Void
    ) throws -> (RedisWriter, SinkOpening) {
        do {
            let session = try SinkSession(settings, for: source, closing: closing)
            let opening = SinkOpening(
                position: SinkPosition(cursor: session.cursor),
                notices: session.durabilityNotice.map { [$0] } ?? []
            )
            return (RedisWriter(settings, source, closing, report, session), opening)
        } catch let failure as RedisFailure {
            throw failure.error(at: settings.address, settings.cursorKey)
        }
    }

    func deliver(_ changes: [Change]) throws -> SinkPosition {
        try state.withLock { state in
            var progress = state.progress
            var parts: [StreamPart] = []
            for change in changes {
                guard let first = try progress.take(change) else { continue }
                if parts.last?.isFull ?? true { parts.append(StreamPart(settings)) }
                parts[parts.count - 1].append(change, from: first)
            }
            if !parts.isEmpty { try store(parts[...], from: state.progress.cursor, &state) }
            state.progress = progress
            return SinkPosition(cursor: progress.cursor)
        }
    }

    func rewind(to cursor: Cursor) throws -> SinkPosition {
        try state.withLock { state in
            guard let last = state.progress.cursor, last > cursor else {
                return SinkPosition(cursor: state.progress.cursor)
            }
            try repeating(&state) { session in
                if session.cursor == cursor { return }
                guard session.cursor == last else { throw takenOver(session.cursor, instead: last) }
                try session.rewind(to: cursor)
            }
            state.progress = DeliveryProgress(at: cursor)
            return SinkPosition(cursor: cursor)
        }
    }

    private func store(_ parts: ArraySlice<StreamPart>, from start: Cursor?, _ state: inout State) throws {
        try repeating(&state) { session in
            // The last session may have stored some of them, or all, before it was lost.
            var rest = parts
            if session.cursor != start {
                guard let place = parts.firstIndex(where: { $0.end == session.cursor }) else {
                    throw takenOver(session.cursor, instead: start)
                }
                rest = parts[(place + 1)...]
            }
            if let stored = try session.store(rest) { throw takenOver(stored, instead: session.cursor) }
        }
    }

    /// Does something in as many sessions as it takes.
    private func repeating(_ state: inout State, _ body: (SinkSession) throws -> Void) throws {
        try closing.repeating(
            "\(settings.address)",
            base: .milliseconds(100),
            report: report,
            passing: { ($0 as? SinkError).flatMap { $0.code == .unavailable ? $0.message : nil } }
        ) {
            do {
                let session = try state.session ?? SinkSession(settings, for: source, closing: closing)
                state.session = session
                try body(session)
            } catch {
                state.session = nil
                let failure = error as? RedisFailure
                throw failure?.error(at: settings.address, "the streams of \(settings.identity)") ?? error
            }
        }
    }

    private func takenOver(_ stored: Cursor?, instead expected: Cursor?) -> SinkError {
        SinkError(
            .takenOver,
            "The position \"\(settings.cursor)\" in \(settings.address) is \(stored?.description ?? "the start") instead "
                + "of \(expected?.description ?? "the start"): another process has written there, or the server has lost "
                + "what it had stored. This process stops; let only one write, and give each slot a "
                + "cursor=NAME of its own."
        )
    }
}
