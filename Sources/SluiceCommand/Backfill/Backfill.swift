import SluicePostgres
import SluiceSinks
import Synchronization

/// The copying of tables beside a stream, one after another: pages are read on a connection of their own, and enter the
/// stream where the reading thread finds their places.
final class Backfill: Sendable {
    /// What is known of one table beyond the state file, which is behind by what is not durable yet.
    struct Position {
        var lastKey: RowKey?
        var isDone = false
    }

    let store: CheckpointStore
    let source: SourceIdentity
    let sink: String
    let pages: PageSource
    let tables: [UInt32: CopyTable]
    let exchange: PageExchange
    let console: Console
    /// How large a page may be.
    let pageBytes: Int
    /// How large one may be of those that are read from the slot's snapshot at the same time.
    let snapshotPageBytes: Int
    /// Stop the stream when everything is copied and what was committed by then is durable.
    let finishesStream: Bool
    let received: @Sendable () -> LSN
    private let snapshot: SnapshotSource?
    private let run: Mutex<Int64>
    private let state = Mutex(BackfillFigures())

    init(_ start: BackfillStart, console: Console, finishesStream: Bool, received: @escaping @Sendable () -> LSN) {
        store = start.store
        source = start.source
        sink = start.sink
        pages = start.pages
        tables = Dictionary(start.tables.map { ($0.oid, $0) }) { first, _ in first }
        exchange = start.configuration.exchange
        self.console = console
        pageBytes = start.pageBytes
        snapshotPageBytes = start.snapshotPageBytes
        snapshot = start.snapshot
        self.finishesStream = finishesStream
        self.received = received
        run = Mutex(start.configuration.journal.run)
    }

    var figures: BackfillFigures { state.withLock { $0 } }

    /// Copies until nothing is left, or until cancelled.
    ///
    /// - Throws: ``SinkError`` if the state file fails. What the server says only makes it wait, or leave a table out.
    func copyAll() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { [self] in
                try await copy()
                return true
            }
            group.addTask { [exchange] in
                while !Task.isCancelled {
                    do { try await Task.sleep(for: .seconds(1)) } catch { break }
                    exchange.tick()
                }
                return false
            }
            while let hasEnded = try await group.next(), !hasEnded {}
            group.cancelAll()
        }
    }

    private func copy() async throws {
        var positions: [UInt32: Position] = [:]
        // The log tells what an earlier run has delivered and not noted.
        while let report = await exchange.next() {
            if case .found(let page) = report {
                let known = positions[page.table]?.lastKey
                positions[page.table] = Position(lastKey: page.lastKey ?? known, isDone: page.isLast)
            }
            if case .pastStart = report { break }
        }
        var number: Int64 = 0
        if let snapshot { number = try await copy(from: snapshot, &positions) }
        while !Task.isCancelled {
            let open = try await open(positions)
            guard !open.isEmpty else { break }
            guard let next = open.first(where: { $0.status == .copying }) else {
                // All that is left is held.
                guard await exchange.next() != nil else { return }
                continue
            }
            began(next.title)
            let position = positions[next.oid] ?? Position(lastKey: next.lastKey)
            var copy = TableCopy(self, next, at: position, number: number)
            try await copy.run()
            number = copy.number
            positions[next.oid] = copy.position
        }
        if finishesStream, !Task.isCancelled { try await finishStream() }
    }

    /// Copies what is new from the snapshot of the slot's start, and then lets the slot be read.
    ///
    /// - Returns: The last page's number.
    private func copy(from snapshot: SnapshotSource, _ positions: inout [UInt32: Position]) async throws -> Int64 {
        console.notice(
            "Copying from the snapshot of slot \"\(source.slot)\" with \(snapshot.readers) readers; its changes wait on the "
                + "server until then."
        )
        var copy = SnapshotCopy(self, snapshot, number: 0)
        do {
            try await copy.run()
        } catch let error as ReplicationError {
            console.notice("\(error) What is left is copied in pages beside the changes.")
        }
        positions.merge(copy.positions) { $1 }
        await snapshot.close()
        exchange.give(.begin)
        return copy.number
    }

    /// Looks which tables are not copied, also those that are held.
    ///
    /// - Parameter positions: What is known beyond the state file.
    /// - Returns: Their records.
    /// - Throws: ``SinkError`` if the state file fails.
    func open(_ positions: [UInt32: Position]) async throws -> [BackfillRecord] {
        let records = try await store.backfills(source: source, sink: sink)
        state.withLock { state in
            state.tables = records.count { $0.status != .cancelled && $0.status != .refused }
            state.done = records.count { $0.status == .done || isDone($0, positions) }
        }
        let open = records.filter { ($0.status == .copying || $0.status == .paused) && !isDone($0, positions) }
        if open.isEmpty { state.withLock { $0.table = nil } }
        return open
    }

    /// The copy of a table begins, or goes on.
    func began(_ title: String) {
        state.withLock { $0.table = title }
    }

    private func isDone(_ record: BackfillRecord, _ positions: [UInt32: Position]) -> Bool {
        positions[record.oid]?.isDone == true
    }

    private func finishStream() async throws {
        while !Task.isCancelled {
            do {
                exchange.give(.finish(try await pages.now()))
                return
            } catch let error as ReplicationError where error.isRetriable {
                guard await exchange.next() != nil else { return }
            }
        }
    }

    /// The number of the run, which is in its watermarks.
    var currentRun: Int64 { run.withLock { $0 } }

    /// A watermark is in the log whose page was not taken: the state file has to know before anything behind it is read.
    func beginRun(endedAt cursor: Cursor) async throws {
        let journal = try await store.beginBackfillRun(source: source, sink: sink, endedAt: cursor, reported: .zero)
        run.withLock { $0 = journal.run }
        exchange.give(.goOn(run: journal.run))
    }

    func count(_ rows: Int) {
        state.withLock { $0.rows += rows }
    }

    func close() async {
        pages.close()
        await snapshot?.close()
    }
}
