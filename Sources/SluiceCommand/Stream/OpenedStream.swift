import Sluice
import SluicePostgres
import SluiceSinks

/// Everything that a stream needs, checked, claimed and opened.
struct OpenedStream: Sendable {
    let reader: SlotReader
    let budget: Budget
    let encoder: ChangeEncoder
    let keys: KeyCatalog
    let monitor: ServerMonitor
    let progress: SlotProgress
    let checkpointer: Checkpointer
    private static let slotPatience = Duration.seconds(5)

    private let store: CheckpointStore
    let sink: any Sink

    /// Checks the server, opens the state file and the sink, and decides where to start.
    init(_ options: StreamOptions, console: Console) async throws {
        let (report, until) = try await Self.checkServer(options, console: console)
        for notice in report.notices { console.notice(notice) }
        let source = SourceIdentity(
            systemIdentifier: report.server.systemIdentifier,
            timeline: Int(report.server.timeline),
            slot: options.slot
        )
        sink = options.sink
        store = CheckpointStore(folder: options.stateFolder)
        try await store.open()
        let remembered = try await store.load(source: source, sink: sink.identity)
        let opening = try await sink.open(for: source, remembered: remembered.checkpoint?.position)
        let decision = try StartDecision(
            StartFacts(
                remembered: remembered,
                source: source,
                sink: sink.identity,
                opening: opening,
                confirmedFlush: report.slot.confirmedFlush,
                fingerprint: options.fingerprint,
                resumeFromTransactionStart: options.resumeFromTransactionStart
            )
        )
        for notice in decision.notices { console.notice(notice) }
        var position = opening.position
        if let rewind = decision.rewind { position = try await Self.rewind(sink, to: rewind) }
        let start = Checkpoint(
            source: source,
            sink: sink.identity,
            reported: max(report.slot.confirmedFlush, remembered.checkpoint?.reported ?? .zero),
            position: position,
            fingerprint: options.fingerprint
        )
        // The first status states this position; so it has to be durable first.
        try await store.save(start)
        progress = SlotProgress(startingAt: start.reported)
        checkpointer = Checkpointer(store: store, progress: progress, start: start)
        encoder = ChangeEncoder(
            source: MessageSource(
                database: report.server.database,
                systemIdentifier: report.server.systemIdentifier,
                host: options.target.host,
                slot: options.slot
            ),
            tables: TableFilter(options.tables)
        )
        keys = KeyCatalog(options.target)
        monitor = ServerMonitor(options.target)
        budget = Budget(capacity: options.memory)
        var configuration = SlotReader.Configuration()
        configuration.discardThrough = decision.after
        configuration.until = until
        // What is delivered anew finds its tables as they were: what they became behind it is not yet to be known.
        configuration.known = KnownRelations(
            remembered.versions.filter { version in position.cursor.map { version.since <= $0 } ?? false }
        )
        configuration.walSenderTimeout = report.server.walSenderTimeout
        reader = SlotReader(
            configuration: configuration,
            budget: SlotBudget(budget),
            progress: progress,
            makeTransport: {
                LibPQTransport(options.target, slot: options.slot, publications: [options.publication])
            }
        )
        budget.whenRoomReturns { [reader] in reader.wake() }
    }

    /// A sink without a log takes nothing back: it gets the messages again.
    private static func rewind(_ sink: any Sink, to cursor: Cursor) async throws -> SinkPosition {
        guard let sink = sink as? any OrderedSink else { return SinkPosition(cursor: cursor) }
        return try await sink.rewind(to: cursor)
    }

    /// Waits a little for a slot that is still in use: after a kill the server needs a moment to notice.
    private static func checkServer(
        _ options: StreamOptions,
        console: Console
    ) async throws -> (Preflight.Report, LSN?) {
        let deadline = ContinuousClock.now + slotPatience
        var hasTold = false
        while true {
            do {
                return try await checkOnce(options)
            } catch let error as ReplicationError where error.code == .slotInUse && ContinuousClock.now < deadline {
                if !hasTold { console.notice("\(error.message) Waiting \(slotPatience) for it to be given up.") }
                hasTold = true
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private static func checkOnce(_ options: StreamOptions) async throws -> (Preflight.Report, LSN?) {
        let thread = BlockingThread()
        defer { thread.close() }
        return try await thread.run {
            let connection = try Connection(options.target)
            let report = try Preflight.run(
                on: connection,
                options: Preflight.Options(
                    slot: options.slot,
                    publications: [options.publication],
                    tables: options.tables,
                    create: options.create
                )
            )
            switch options.until {
            case .now: return (report, try connection.untilNow())
            case .position(let position): return (report, position)
            case nil: return (report, nil)
            }
        }
    }

    /// Gives everything back.
    ///
    /// - Parameter waitForSink: False if the sink may be stuck in a write that nobody reads.
    func close(waitForSink: Bool) async {
        reader.close()
        keys.close()
        if waitForSink { await sink.close() }
        await store.close()
    }
}
