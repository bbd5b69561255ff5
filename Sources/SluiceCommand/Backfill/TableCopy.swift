import SluicePostgres
import SluiceSinks

/// The copy of one table: page by page, one at a time between server and stream.
struct TableCopy {
    private let backfill: Backfill
    private let record: BackfillRecord
    private var size = PageSize()
    /// The last row's key when the copy began, or went on.
    private var end: RowKey?
    private var rows = 0
    private var failures = Failures()
    private(set) var number: Int64
    private(set) var position: Backfill.Position

    init(_ backfill: Backfill, _ record: BackfillRecord, at position: Backfill.Position, number: Int64) {
        self.backfill = backfill
        self.record = record
        self.position = position
        self.number = number
    }

    /// Copies until the end, until a user holds or cancels it, or until the table turns out not to be copied.
    ///
    /// - Throws: ``SinkError`` if the state file fails.
    mutating func run() async throws {
        guard let table = backfill.tables[record.oid] else {
            return try await refuse("Table \(record.title) is not published any more.")
        }
        var isWatched = false
        while !position.isDone, !Task.isCancelled, try await isWanted() {
            do {
                if !isWatched {
                    let key = try await backfill.pages.key(of: table)
                    backfill.exchange.give(.watch(WatchedTable(oid: table.oid, key: key.names)))
                    end = end ?? key.last
                    guard await wait(isWatching(table.oid)) else { return }
                }
                isWatched = try await copyPage(of: table)
                if failures.over() { backfill.console.notice("The copy of \(table.title) goes on.") }
            } catch let error as ReplicationError {
                switch failures.verdict(on: error) {
                case .smallerPage: size.timedOut()
                case .retry: break
                case .refuse: return try await refuse(error.description)
                }
                if let notice = failures.notice(of: error, table: table.title) { backfill.console.notice(notice) }
                for _ in 0..<failures.pauses { guard await backfill.exchange.next() != nil else { return } }
            } catch is CancellationError {
                return
            }
        }
        if position.isDone { backfill.console.notice("Copied \(table.title): \(rows) rows.") }
    }

    private func isWanted() async throws -> Bool {
        let records = try await backfill.store.backfills(source: backfill.source, sink: backfill.sink)
        return records.first { $0.oid == record.oid }?.status == .copying
    }

    /// - Returns: Whether the page was taken; if not, the key is looked up once more, for it may have changed.
    private mutating func copyPage(of table: CopyTable) async throws -> Bool {
        number += 1
        let (page, time, placing) = try await backfill.pages.page(
            number,
            of: table,
            after: position.lastKey,
            through: end,
            limit: size.rows,
            bytes: backfill.pageBytes
        )
        let share = Double(page.rows.byteCount) / Double(backfill.pageBytes)
        size.took(time, share: share, count: page.rows.count)
        // Before its watermark, which the reading thread may meet as soon as it is written.
        backfill.exchange.give(.page(page))
        var mark = placing == .watermark ? Mark.none : .found
        while let report = await next(page, &mark) {
            switch report {
            case .admitted(page.number):
                mark = .found
            case .taken(let copied) where copied.table == table.oid:
                position = Backfill.Position(lastKey: copied.lastKey ?? position.lastKey, isDone: copied.isLast)
                rows += copied.rows
                backfill.count(copied.rows)
                return true
            case .void(let cursor):
                if let cursor { try await backfill.beginRun(endedAt: cursor) }
                return false
            default:
                break
            }
        }
        throw CancellationError()
    }

    /// What is known of a page's watermark.
    private enum Mark {
        /// None may be in the log.
        case none
        /// One is in the log below a position.
        case below(LSN)
        /// Nothing more is to be done for the page to find its place.
        case found

        func isToBeWritten(at received: LSN) -> Bool {
            switch self {
            case .none: true
            case .below(let position): position < received
            case .found: false
            }
        }
    }

    /// The next report on a page; its watermark is written before that, and again if the stream has passed the first one
    /// or if it is not known whether there is one: the first that comes counts.
    private mutating func next(
        _ page: Page,
        _ mark: inout Mark
    ) async -> PageExchange.Report? {
        if mark.isToBeWritten(at: backfill.received()) {
            do {
                mark = .below(try await backfill.pages.write(page.watermark(run: backfill.currentRun)))
            } catch is CancellationError {
                return nil
            } catch {
                if let error = error as? ReplicationError,
                    let notice = failures.notice(of: error, table: record.title)
                {
                    backfill.console.notice(notice)
                }
            }
        }
        return await backfill.exchange.next()
    }

    private func isWatching(_ oid: UInt32) -> (PageExchange.Report) -> Bool {
        { if case .watching(oid) = $0 { true } else { false } }
    }

    /// Waits for a report; `false` if there will be none.
    private func wait(_ isAwaited: (PageExchange.Report) -> Bool) async -> Bool {
        while let report = await backfill.exchange.next() {
            if isAwaited(report) { return true }
        }
        return false
    }

    private mutating func refuse(_ reason: String) async throws {
        try await backfill.store.refuseBackfill(
            of: record.oid,
            source: backfill.source,
            sink: backfill.sink,
            reason: reason
        )
        position.isDone = true
        backfill.console.notice("Not copied: \(reason)")
    }
}
