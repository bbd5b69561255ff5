/// What a framer needs to take pages of tables into the stream.
///
/// Pure: no input or output, no clock.
struct CopyIntake: Sendable {
    /// A page that is being taken in.
    struct Emission: Sendable {
        let page: Page
        let stale: StaleRows
        /// The commit position of its rows' cursors.
        let commitLSN: LSN
        /// The index of its first row's cursor: another page may stand before it in the same place.
        let firstIndex: UInt64
        /// The next row.
        var next = 0
        /// How many rows were not stale.
        var taken = 0
        /// The session's tables, once the page's own stand in for them.
        var session: RelationTable?
        /// The transaction that began behind the page, if the page stands between two.
        var held: TransactionHeader?

        /// The index of a row's cursor, or of the end's.
        func index(of row: Int) -> UInt64 { firstIndex + UInt64(row) }
    }

    private static let maxAttempts = 5

    var journal: CopyJournal
    /// Where the sink stood at the start.
    let start: Cursor?
    private(set) var isPastStart: Bool
    var changes: ConcurrentChanges
    private(set) var watched: WatchedTable?
    /// Waits for its place.
    var page: Page?
    /// The page whose watermark has just been met.
    var arrived: (page: Int64, commitLSN: LSN)?
    var emission: Emission?
    /// A page was void, and the state file does not know yet.
    var isHalted = false
    /// No session is begun; only pages come.
    var isHeld: Bool
    /// Every commit below it was read, every other is at or above; between two transactions.
    var boundary: LSN

    private var reports: [PageExchange.Report] = []
    private var copied: [CopiedPage] = []
    private var attempts = 0
    private var places: (relation: Relation, columns: [Int]?)?

    init(journal: CopyJournal, start: Cursor?, limit: Int, heldAt: LSN? = nil) {
        isHeld = heldAt != nil
        boundary = heldAt ?? .zero
        self.journal = journal
        self.start = start
        isPastStart = start == nil
        changes = ConcurrentChanges(limit: limit)
        if start == nil { reports = [.pastStart] }
    }

    mutating func watch(_ table: WatchedTable) {
        if watched != table {
            watched = table
            places = nil
            changes.restart()
        }
        reports.append(.watching(table.oid))
    }

    /// A position was reached below which every commit was read.
    mutating func reached(_ position: LSN) {
        guard !isPastStart, let start, position > start.commitLSN else { return }
        isPastStart = true
        reports.append(.pastStart)
    }

    mutating func receive(_ watermark: Watermark, at commitLSN: LSN) {
        if watermark.run == journal.run {
            arrived = (watermark.page, commitLSN)
        } else if !isPastStart, let found = journal.copied(watermark, at: commitLSN, start: start) {
            copied.append(found)
            reports.append(.found(found))
        }
    }

    /// Which rows of a page are stale.
    ///
    /// A row that was updated, without large values that the update left alone, is in the stream without them: the page is
    /// better read again, when the update is seen. A row that is updated again and again is not waited for.
    ///
    /// - Returns: `nil` if the page has to be read again.
    mutating func staleRows(of page: Page) -> StaleRows? {
        guard let stale = changes.staleRows(for: page.snapshot) else { return nil }
        if attempts < Self.maxAttempts, !stale.incomplete.isEmpty,
            page.rows.keys.contains(where: { stale.incomplete.contains($0) })
        {
            attempts += 1
            return nil
        }
        attempts = 0
        return stale
    }

    /// A page has found its place.
    mutating func admit(_ page: Page, _ stale: StaleRows, at commitLSN: LSN, before held: TransactionHeader? = nil) {
        emission = Emission(
            page: page,
            stale: stale,
            commitLSN: commitLSN,
            firstIndex: page.firstIndex ?? 0,
            held: held
        )
        reports.append(.admitted(page.number))
    }

    /// All of the page is in the stream.
    mutating func finish(_ emission: Emission) {
        let rows = emission.page.rows
        let done = CopiedPage(
            table: emission.page.relation.oid,
            lastKey: rows.keys.last,
            through: Cursor(commitLSN: emission.commitLSN, index: emission.index(of: max(rows.count, 1) - 1)),
            rows: emission.taken,
            isLast: emission.page.isLast,
            run: journal.run
        )
        copied.append(done)
        reports.append(.taken(done))
        page = nil
        self.emission = nil
    }

    /// The page cannot be compared with the stream.
    ///
    /// - Parameter cursor: Below its watermark, if it has one.
    mutating func reject(before cursor: Cursor?) {
        page = nil
        isHalted = cursor != nil
        reports.append(.void(before: cursor))
    }

    mutating func takeReports() -> [PageExchange.Report] {
        guard !reports.isEmpty else { return [] }
        defer { reports = [] }
        return reports
    }

    mutating func takeCopied() -> [CopiedPage] {
        guard !copied.isEmpty else { return [] }
        defer { copied = [] }
        return copied
    }

    /// Notes which rows a message of the stream changes, if it is of the watched table.
    mutating func note(_ payload: UnsafeRawBufferPointer, _ relations: RelationTable) {
        guard let watched else { return }
        if payload.first == PgOutput.Kind.truncate.rawValue {
            guard let truncate = try? Truncate(decoding: payload) else { return changes.noteUnknown() }
            if truncate.relationOIDs.contains(watched.oid) { changes.noteAll() }
            return
        }
        // A row that is new now is in no page, unless an older one with its key was deleted before.
        guard payload.first != PgOutput.Kind.insert.rawValue,
            (try? RowMessage.relationOID(of: payload)) == watched.oid
        else { return }
        guard let relation = relations[watched.oid], let columns = columns(of: relation),
            let row = try? RowMessage(decoding: payload)
        else { return changes.noteUnknown() }
        let old = row.old.tuple.flatMap { Self.values(columns, of: $0, in: payload) }
        let new = row.new.flatMap { Self.values(columns, of: $0, in: payload) }
        guard old != nil || new != nil else { return changes.noteUnknown() }
        // A value that is stored out of line and was left alone is the old one.
        if let old, let key = Self.key(old, or: old) { changes.note(key) }
        if let new {
            guard let key = Self.key(new, or: old ?? new) else { return changes.noteUnknown() }
            changes.note(key, isComplete: Self.isComplete(row, in: payload))
        }
    }

    private mutating func columns(of relation: Relation) -> [Int]? {
        if let places, places.relation === relation { return places.columns }
        let found = (watched?.key ?? []).map { name in relation.columns.firstIndex { $0.name == name } }
        let columns = found.contains(nil) ? nil : found.compactMap(\.self)
        places = (relation, columns)
        return columns
    }

    private static func values(_ columns: [Int], of tuple: Tuple, in bytes: UnsafeRawBufferPointer) -> [String?]? {
        var all: [TupleValue] = []
        var iterator = tuple.values(in: bytes)
        while let value = try? iterator.next() { all.append(value) }
        return columns.map { column -> String? in
            guard column < all.count, case .text(let range) = all[column] else { return nil }
            return String(decoding: bytes[range], as: UTF8.self)
        }
    }

    /// Whether no value is missing because the update left it out of line.
    private static func isComplete(_ row: RowMessage, in bytes: UnsafeRawBufferPointer) -> Bool {
        // The whole old row has what the new one leaves out.
        if case .full = row.old { return true }
        guard var values = row.new?.values(in: bytes) else { return true }
        while let value = try? values.next() {
            if value == .unchangedToast { return false }
        }
        return true
    }

    private static func key(_ values: [String?], or others: [String?]) -> RowKey? {
        let known = zip(values, others).map { $0 ?? $1 }
        return known.contains(nil) ? nil : RowKey(known.compactMap(\.self))
    }
}
