import SluicePostgres
import SluiceSinks

/// What is known of a stream's copies before it starts.
struct BackfillStart: Sendable {
    let store: CheckpointStore
    let source: SourceIdentity
    let sink: String
    let pages: PageSource
    let tables: [CopyTable]
    let configuration: CopyConfiguration
    let pageBytes: Int
    /// The snapshot of the slot's start, if it has just been made.
    let snapshot: SnapshotSource?
    let snapshotPageBytes: Int

    /// How much of the budget is set aside for one page and for the keys of the rows that change meanwhile.
    static func share(of memory: Int) -> Int { memory / 8 }

    /// Looks for what is to be copied: what is asked for now, and what an earlier start has begun.
    ///
    /// The result is `nil` if that is nothing.
    ///
    /// - Parameters:
    ///   - options: What to stream.
    ///   - store: Opened.
    ///   - source: Where the changes come from.
    ///   - start: With the sink's position.
    ///   - exported: Of a slot that has just been made.
    ///   - console: Told if that cannot be used.
    /// - Throws: ``ReplicationError`` if a table that is asked for is not published; ``SinkError`` if the state file fails.
    init?(
        _ options: StreamOptions,
        store: CheckpointStore,
        source: SourceIdentity,
        start: OpenedStream.Start,
        snapshot exported: ExportedSnapshot?,
        console: Console
    ) async throws {
        let sink = start.sink.identity
        let known = try await store.backfills(source: source, sink: sink)
        guard options.backfill != nil || known.contains(where: { $0.status == .copying || $0.status == .paused }) else {
            return nil
        }
        pages = PageSource(options.target)
        do {
            let filter = TableFilter(options.tables)
            let wanted = try await pages.tables(
                named: options.backfill?.names,
                of: options.publication,
                filter: filter
            )
            if options.backfill != nil { try await store.addBackfills(wanted, source: source, sink: sink) }
            tables =
                options.backfill?.names == nil
                ? wanted : try await pages.tables(named: nil, of: options.publication, filter: filter)
            let journal = try await store.beginBackfillRun(
                source: source,
                sink: sink,
                endedAt: start.checkpoint.position.cursor,
                reported: start.checkpoint.reported
            )
            snapshot = await Self.snapshot(exported, options, wanted, start, console)
            configuration = CopyConfiguration(
                exchange: PageExchange(),
                journal: journal,
                start: start.checkpoint.position.cursor,
                keysLimit: Self.share(of: options.memory) / 2,
                heldAt: snapshot?.position
            )
        } catch {
            pages.close()
            throw error
        }
        self.store = store
        self.source = source
        self.sink = sink
        // A row of a page is in memory as it is and with its key, twice while its watermark is written.
        pageBytes = min(1 << 20, Self.share(of: options.memory) / 8)
        // One for each reader, and one that is on its way into the stream.
        snapshotPageBytes = min(1 << 20, Self.share(of: options.memory) / (2 * max(2, options.backfillConnections)))
    }

    /// The source of a snapshot, if there is one to copy from.
    private static func snapshot(
        _ exported: ExportedSnapshot?,
        _ options: StreamOptions,
        _ tables: [CopyTable],
        _ start: OpenedStream.Start,
        _ console: Console
    ) async -> SnapshotSource? {
        defer { exported?.release() }
        guard let exported, !tables.isEmpty, start.checkpoint.position.cursor == nil else { return nil }
        do {
            return try await SnapshotSource(
                exported,
                options.target,
                tables: tables,
                connections: options.backfillConnections
            )
        } catch {
            console.notice(
                "\(error) So nothing is copied from the slot's snapshot, but all in pages beside the changes."
            )
            return nil
        }
    }

    /// Gives everything back if there will be no copy.
    func close() async {
        pages.close()
        await snapshot?.close()
    }
}

/// Which tables are to be copied, as the user says it.
struct BackfillChoice: Sendable, Equatable {
    /// `nil`: all that are published.
    var names: [String]?
}
