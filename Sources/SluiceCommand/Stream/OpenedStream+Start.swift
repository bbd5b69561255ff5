import SluicePostgres
import SluiceSinks

extension OpenedStream {
    /// Where a stream starts, with the sink opened and the first checkpoint saved.
    struct Start {
        let sink: any Sink
        let remembered: RememberedState
        let decision: StartDecision
        let checkpoint: Checkpoint
    }

    /// Opens the state file and the sink, and decides where to start.
    static func start(
        _ options: StreamOptions,
        store: CheckpointStore,
        source: SourceIdentity,
        report: Preflight.Report,
        entrance: SlotEntrance
    ) async throws -> Start {
        try await store.open()
        let makeSink = try await makeFirst(options, store, source)
        let identity = makeSink().identity
        let remembered = try await entrance.whenFree { try await store.load(source: source, sink: identity) }
        let (sink, opening) = try await entrance.whenFree {
            let sink = makeSink()
            do {
                return (sink, try await sink.open(for: source, remembered: remembered.checkpoint?.position))
            } catch {
                await sink.close()
                throw error
            }
        }
        do {
            let decision = try StartDecision(
                StartFacts(
                    remembered: remembered,
                    source: source,
                    sink: identity,
                    opening: opening,
                    confirmedFlush: report.slot.confirmedFlush,
                    logEnd: report.server.logEnd,
                    history: try await history(options.target, remembered.checkpoint, report.server),
                    fingerprint: options.fingerprint,
                    resumeFromTransactionStart: options.resumeFromTransactionStart
                )
            )
            var position = opening.position
            if let rewind = decision.rewind { position = try await Self.rewind(sink, to: rewind) }
            let checkpoint = Checkpoint(
                source: source,
                sink: identity,
                reported: decision.position,
                position: position,
                fingerprint: options.fingerprint
            )
            // The first status states this position; so it has to be durable first.
            try await store.save(checkpoint)
            return Start(sink: sink, remembered: remembered, decision: decision, checkpoint: checkpoint)
        } catch {
            await sink.close()
            throw error
        }
    }

    /// What the slot itself is delivered to: the one sink, or a log with the sinks behind it.
    ///
    /// A slot that has a log keeps it: what is in it will not be sent again.
    private static func makeFirst(
        _ options: StreamOptions,
        _ store: CheckpointStore,
        _ source: SourceIdentity
    ) async throws -> @Sendable () -> any Sink {
        let hasLog = try await store.hasLog(of: source)
        if options.sinks.count == 1, !options.spills, !hasLog { return options.sinks[0].makeSink }
        return { SpillLog(stateFolder: options.stateFolder, budget: options.spillSize) }
    }

    /// After a promotion the server tells which part of the log it shares with the one before.
    private static func history(
        _ target: ConnectionTarget,
        _ checkpoint: Checkpoint?,
        _ server: ServerDescription
    ) async throws -> TimelineHistory? {
        guard let checkpoint, checkpoint.source.timeline < Int(server.timeline) else { return nil }
        let thread = BlockingThread()
        defer { thread.close() }
        return try await thread.run { try TimelineHistory(of: target, timeline: server.timeline) }
    }

    /// A sink without a log takes nothing back: it gets the messages again.
    private static func rewind(_ sink: any Sink, to cursor: Cursor) async throws -> SinkPosition {
        guard let sink = sink as? any OrderedSink else { return SinkPosition(cursor: cursor) }
        return try await sink.rewind(to: cursor)
    }

    /// Attaches the sinks to the log, if the slot is delivered to one.
    static func fanOut(
        _ options: StreamOptions,
        _ start: Start,
        deadLetters: (any DeadLetterBox)?,
        console: Console,
        buried: @escaping @Sendable () -> Void,
        store: CheckpointStore,
        entrance: SlotEntrance
    ) async throws -> FanOut? {
        guard let log = start.sink as? SpillLog else { return nil }
        do {
            let source = start.checkpoint.source
            let keepsRows = FanOut.needsRows(options, try await store.attachments(of: source))
            try await log.begin(at: start.decision.position, keepingRows: keepsRows)
            return try await FanOut.open(
                options,
                Branch.Surroundings(
                    log: log,
                    source: source,
                    deadLetters: deadLetters,
                    memory: options.memory / 2 / options.sinks.count,
                    rate: options.rate,
                    attempts: options.attempts,
                    console: console,
                    buried: buried
                ),
                store: store,
                entrance: entrance
            )
        } catch {
            await log.close()
            throw error
        }
    }
}
