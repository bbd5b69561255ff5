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
    /// What the slot is delivered to.
    let sink: any Sink
    /// The sinks behind it, if it is a log.
    let fanOut: FanOut?
    let deadLetters: (any DeadLetterBox)?
    let backfill: Backfill?

    private let store: CheckpointStore

    /// Checks the server, opens the state file and the sink, and decides where to start.
    ///
    /// - Parameters:
    ///   - options: What to stream.
    ///   - claim: Held afterwards.
    ///   - console: Told what the user should know.
    ///   - tally: What was made durable before.
    /// - Throws: What stands in the way of a start, with what to do; nothing is left open then.
    init(_ options: StreamOptions, claim: SlotClaim, console: Console, tally: Checkpointer.Tally) async throws {
        let entrance = SlotEntrance(options: options, claim: claim, console: console)
        let (report, until) = try await entrance.enter()
        for notice in report.notices { console.notice(notice) }
        let source = SourceIdentity(
            systemIdentifier: report.server.systemIdentifier,
            timeline: Int(report.server.timeline),
            slot: options.slot
        )
        let store = CheckpointStore(folder: options.stateFolder)
        let deadLetters = options.makeDeadLetters?(source)
        let start: Start
        let fanOut: FanOut?
        let progress: SlotProgress
        let checkpointer: Checkpointer
        let copy: BackfillStart?
        do {
            if let deadLetters { try await entrance.whenFree { try await deadLetters.open() } }
            start = try await Self.start(options, store: store, source: source, report: report, entrance: entrance)
            do {
                copy = try await BackfillStart(
                    options,
                    store: store,
                    source: source,
                    start: start,
                    snapshot: report.snapshot,
                    console: console
                )
            } catch {
                await start.sink.close()
                throw error
            }
            for notice in start.decision.notices { console.notice(notice) }
            progress = SlotProgress(startingAt: start.decision.position)
            checkpointer = Checkpointer(store: store, progress: progress, start: start.checkpoint, tally: tally)
            do {
                fanOut = try await Self.fanOut(
                    options,
                    start,
                    deadLetters: deadLetters,
                    console: console,
                    buried: { [checkpointer] in checkpointer.buried() },
                    store: store,
                    entrance: entrance
                )
            } catch {
                await copy?.close()
                throw error
            }
        } catch {
            await deadLetters?.close()
            await store.close()
            throw error
        }
        self.store = store
        self.deadLetters = deadLetters
        self.fanOut = fanOut
        self.progress = progress
        self.checkpointer = checkpointer
        sink = start.sink
        encoder = ChangeEncoder(
            source: MessageSource(
                database: report.server.database,
                systemIdentifier: report.server.systemIdentifier,
                host: options.target.host,
                slot: options.slot
            ),
            tables: options.filter(isFannedOut: fanOut != nil),
            splitsKeyChanges: options.sinks.contains { $0.makeSink().splitsKeyChanges },
            keepsRows: start.sink.takesRows
        )
        keys = KeyCatalog(options.target)
        monitor = ServerMonitor(claim)
        // The other half is for the sinks behind the log.
        let memory = fanOut == nil ? options.memory : options.memory / 2
        budget = Budget(capacity: memory - (copy == nil ? 0 : BackfillStart.share(of: options.memory)))
        var configuration = SlotReader.Configuration()
        configuration.discardThrough = start.decision.after
        // A copy with an end comes first: "now" is when it is through.
        let finishesWithCopy = copy != nil && options.until == .now
        configuration.until = finishesWithCopy ? nil : until
        configuration.copy = copy?.configuration
        // What is delivered anew finds its tables as they were: what they became behind it is not yet to be known.
        configuration.known = KnownRelations(
            start.remembered.versions.filter { version in
                start.checkpoint.position.cursor.map { version.since <= $0 } ?? false
            }
        )
        configuration.walSenderTimeout = report.server.walSenderTimeout
        configuration.maxPause = options.maxPause
        configuration.streamsOpenTransactions = report.streams
        configuration.spool = SpoolPlace(
            folder: store.spoolFolder(source: source, sink: sink.identity),
            limit: options.spoolSize
        )
        reader = SlotReader(
            configuration: configuration,
            budget: SlotBudget(budget),
            progress: progress,
            makeTransport: {
                LibPQTransport(
                    options.target,
                    slot: options.slot,
                    publications: [options.publication],
                    server: report.server,
                    claim: claim,
                    messages: copy != nil && report.server.version >= 140_000
                )
            }
        )
        budget.whenRoomReturns { [reader] in reader.wake() }
        backfill = copy.map { [reader] copy in
            copy.configuration.exchange.whenOrdered { reader.wake() }
            return Backfill(copy, console: console, finishesStream: finishesWithCopy) { reader.snapshot.received }
        }
    }

    /// Gives everything back.
    ///
    /// - Parameter waitForSink: False if the sink may be stuck in a write that nobody reads.
    func close(waitForSink: Bool) async {
        reader.close()
        await backfill?.close()
        keys.close()
        monitor.close()
        if waitForSink { await sink.close() }
        await deadLetters?.close()
        await store.close()
    }
}
