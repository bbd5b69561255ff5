import SluicePostgres
import SluiceSinks

/// The copy of tables from the snapshot of a new slot's start, before anything of the slot is read: several pages are read
/// at the same time, and enter the stream in the order of their keys.
///
/// So all that an interrupted copy leaves behind is one key per table, from which pages beside the stream go on.
struct SnapshotCopy {
    private typealias Part = (place: Int, page: Page, time: Duration)

    private let backfill: Backfill
    private let source: SnapshotSource
    private let pageBytes: Int
    private var size = PageSize()
    private var rows = 0
    private(set) var number: Int64
    private(set) var positions: [UInt32: Backfill.Position] = [:]

    init(_ backfill: Backfill, _ source: SnapshotSource, number: Int64) {
        self.backfill = backfill
        self.source = source
        self.number = number
        pageBytes = backfill.snapshotPageBytes
    }

    /// Copies all tables that are wanted.
    ///
    /// - Throws: ``SinkError`` if the state file fails; ``ReplicationError`` if the snapshot is lost or a table cannot be
    ///   read: what is left may be copied in another way.
    mutating func run() async throws {
        for record in try await backfill.open(positions) {
            guard !Task.isCancelled, let table = backfill.tables[record.oid], record.lastKey == nil else { continue }
            backfill.began(record.title)
            (size, rows) = (PageSize(), 0)
            do {
                try await copy(table)
            } catch let error as ReplicationError where error.code == .unsupportedTable {
                // It is left for later, where it is refused.
                continue
            }
            if positions[table.oid]?.isDone == true {
                backfill.console.notice("Copied \(table.title): \(rows) rows, from the snapshot.")
            }
        }
    }

    private mutating func copy(_ table: CopyTable) async throws {
        try await withThrowingTaskGroup(of: Part.self) { group in
            var ready: [Int: Part] = [:]
            /// Up to where each range goes that is being read; `nil`: to the end.
            var bounds: [RowKey?] = []
            var isWhole = false
            var place = 0
            while !isWhole || place < bounds.count {
                while !isWhole, bounds.count - place < source.readers {
                    let (key, limit) = (bounds.last ?? nil, size.rows)
                    let bound = try await source.bound(of: table, after: key, rows: limit)
                    isWhole = bound == nil
                    number += 1
                    group.addTask { [source, pageBytes, number = number, place = bounds.count] in
                        // One more than there are, so that a range that was read to its end is told from one that was cut.
                        let (page, time) = try await source.page(
                            number,
                            of: table,
                            after: key,
                            through: bound,
                            limit: limit + 1,
                            bytes: pageBytes
                        )
                        return (place, page, time)
                    }
                    bounds.append(bound)
                }
                while ready[place] == nil, let part = try await group.next() { ready[part.place] = part }
                guard let part = ready.removeValue(forKey: place) else { return }
                size.took(
                    part.time,
                    share: Double(part.page.rows.byteCount) / Double(pageBytes),
                    count: part.page.rows.count
                )
                guard try await take(part.page, of: table, through: bounds[place]) else { return group.cancelAll() }
                place += 1
            }
        }
    }

    /// Gives a page to the stream, and what is left of its range, if the page was full before its end.
    ///
    /// - Returns: Whether the copy is to go on.
    private mutating func take(_ page: Page, of table: CopyTable, through bound: RowKey?) async throws -> Bool {
        var page = page
        while true {
            let isRangeDone = page.isLast
            page.isLast = isRangeDone && bound == nil
            guard try await isWanted(table), try await give(page) else { return false }
            if isRangeDone { return true }
            number += 1
            (page, _) = try await source.page(
                number,
                of: table,
                after: positions[table.oid]?.lastKey,
                through: bound,
                limit: size.rows,
                bytes: pageBytes
            )
        }
    }

    /// - Returns: `false` if there will be no more reports.
    private mutating func give(_ page: Page) async throws -> Bool {
        backfill.exchange.give(.page(page))
        while let report = await backfill.exchange.next() {
            guard case .taken(let copied) = report else { continue }
            let key = copied.lastKey ?? positions[copied.table]?.lastKey
            positions[copied.table] = Backfill.Position(lastKey: key, isDone: copied.isLast)
            rows += copied.rows
            backfill.count(copied.rows)
            return true
        }
        return false
    }

    private func isWanted(_ table: CopyTable) async throws -> Bool {
        try await backfill.open(positions).contains { $0.oid == table.oid && $0.status == .copying }
    }
}
