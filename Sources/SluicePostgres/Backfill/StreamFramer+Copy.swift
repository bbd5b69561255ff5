/// Pages of tables that are taken into the stream: at their watermark, or between two transactions.
///
/// The rows of a page are those of a transaction: of the one that wrote the watermark, which has no others, or of one that
/// is made up, whose place is one byte below the end of a record, where no commit starts. So they have cursors, count
/// against demand and budget, hold the safe position and become durable as any others do. While the server's log does not
/// grow, several pages have the same place; each goes on with the indices behind the end of the one before it, and those
/// of a run are above those of the runs before: no row gets the cursor that another one had.
extension StreamFramer {
    /// Whether rows of a page are to be taken next, with ``copyNext()``; until the page ends nothing else may be received.
    var isCopying: Bool { intake?.emission != nil }

    /// Whether nothing may be received until an order comes.
    var isHalted: Bool { intake?.isHalted == true }

    /// Whether the slot is not to be read yet.
    var isHeld: Bool { intake?.isHeld == true }

    /// Whether a watermark of this run was met: its page is to be given before ``admitPage()``.
    var hasWatermark: Bool { intake?.arrived != nil }

    /// Whether the session waits for a position and not for changes.
    var awaitsPosition: Bool {
        until != nil || intake.map { !$0.isPastStart || $0.page?.position != nil } == true
    }

    /// Follows orders.
    mutating func follow(_ orders: [PageExchange.Order]) {
        for order in orders {
            switch order {
            case .watch(let table): intake?.watch(table)
            case .page(let page):
                intake?.page = page
                if transaction == nil, replay == nil { admitPage(below: intake?.boundary ?? .zero) }
            case .goOn(let run):
                intake?.journal.run = run
                intake?.isHalted = false
            case .begin: intake?.isHeld = false
            case .finish(let position): until = position
            }
        }
    }

    mutating func takeReports() -> [PageExchange.Report] { intake?.takeReports() ?? [] }

    mutating func takeCopied() -> [CopiedPage] { intake?.takeCopied() ?? [] }

    mutating func receiveMessage(_ payload: UnsafeRawBufferPointer) {
        guard intake != nil, let header = transaction?.header, let message = try? LogicalMessage(decoding: payload),
            message.isTransactional, message.prefix == Watermark.prefix,
            let watermark = Watermark(content: payload[message.content])
        else { return }
        intake?.receive(watermark, at: header.commitLSN)
    }

    /// Begins to take in the page whose watermark was met, if it is there: another one of the same page may have come
    /// before.
    mutating func admitPage() {
        guard let (number, commitLSN) = intake?.arrived else { return }
        intake?.arrived = nil
        guard let page = intake?.page, page.number == number else { return }
        guard let stale = intake?.staleRows(of: page) else {
            intake?.reject(before: Cursor(commitLSN: LSN(rawValue: commitLSN.rawValue - 1), index: Cursor.commitIndex))
            return
        }
        intake?.admit(page, stale, at: commitLSN)
    }

    /// Between two transactions: every commit below a position was read.
    mutating func passBoundary(_ position: LSN) {
        guard let boundary = intake?.boundary else { return }
        intake?.boundary = max(boundary, position)
        admitPage(below: max(boundary, position))
    }

    /// Begins to take in a page without a watermark, if it waits for a position that is reached.
    ///
    /// - Parameters:
    ///   - end: Every commit below it was read, and none at or above it.
    ///   - held: The transaction that begins there.
    /// - Returns: Whether there is such a page.
    @discardableResult
    mutating func admitPage(below end: LSN, before held: TransactionHeader? = nil) -> Bool {
        intake?.reached(end)
        guard var page = intake?.page, let earliest = page.position, earliest <= end, !isCopying else { return false }
        // Between the last commit and the next one any place will do, but it must stay the same in another session, and
        // lie above what was read before that began again.
        let place = page.firstIndex == nil ? max(earliest, intake?.boundary ?? .zero) : earliest
        let commitLSN = LSN(rawValue: place.rawValue - 1)
        if page.firstIndex == nil {
            guard let index = firstIndex(at: commitLSN) else { return false }
            page.firstIndex = index
        }
        guard let stale = intake?.staleRows(of: page) else {
            intake?.reject(before: nil)
            return false
        }
        page.position = place
        intake?.page = page
        intake?.admit(page, stale, at: commitLSN, before: held)
        return true
    }

    /// Takes in the next row of the page, or ends the page.
    ///
    /// - Returns: How many bytes were read.
    mutating func copyNext() -> Int {
        guard var emission = intake?.emission else { return 0 }
        let page = emission.page
        if emission.session == nil {
            beginEmission(&emission)
        }
        while emission.next < page.rows.count, emission.stale.contains(page.rows.keys[emission.next]) {
            emission.next += 1
        }
        guard emission.next < page.rows.count else {
            endEmission(emission)
            return 0
        }
        let range = page.rows.range(of: emission.next)
        let index = emission.index(of: emission.next)
        emission.next += 1
        emission.taken += 1
        intake?.emission = emission
        page.rows.bytes.withUnsafeBytes { bytes in
            _ = emit(UnsafeRawBufferPointer(rebasing: bytes[range]), index: index)
        }
        return range.count
    }

    /// The index of a page's first row; `nil` if there is no place for it behind the last event, until the log grows.
    private func firstIndex(at commitLSN: LSN) -> UInt64? {
        // Far more than any run has rows in one place, and far below where an index has another meaning.
        let start = UInt64(clamping: min(intake?.journal.run ?? 0, 1 << 30)) << 32
        let last = [bound, lastEmitted].compactMap(\.self).max()
        guard let last, last.commitLSN >= commitLSN else { return start }
        guard last.commitLSN == commitLSN, last.index < 1 << 62 else { return nil }
        return max(start, last.index + 1)
    }

    private mutating func beginEmission(_ emission: inout CopyIntake.Emission) {
        emission.session = relations
        var own = RelationTable()
        own.update(emission.page.relation)
        intake?.emission = nil
        exchangeRelations(own)
        if emission.page.position != nil {
            // The id of no transaction: nothing is compared with it.
            openTransaction(TransactionHeader(commitLSN: emission.commitLSN, commitTime: emission.page.time, xid: 0))
        }
        intake?.emission = emission
    }

    private mutating func endEmission(_ emission: CopyIntake.Emission) {
        exchangeRelations(emission.session ?? relations)
        intake?.finish(emission)
        guard let end = emission.page.position else { return }
        let commit = Commit.encoded(at: emission.commitLSN, end: end, time: emission.page.time)
        let index = emission.index(of: max(emission.page.rows.count, 1))
        commit.withUnsafeBytes { endTransaction(at: end, $0, index: index) }
        if let held = emission.held { openTransaction(held) }
    }

    /// The session has ended within a page: what is left of it comes with the next one.
    mutating func interruptCopy() {
        intake?.arrived = nil
        intake?.boundary = .zero
        guard let emission = intake?.emission else { return }
        exchangeRelations(emission.session ?? relations)
        intake?.emission = nil
    }
}

extension Commit {
    /// A message as the server sends it, its type byte first.
    fileprivate static func encoded(at commitLSN: LSN, end: LSN, time: Int64) -> [UInt8] {
        var bytes: [UInt8] = [PgOutput.Kind.commit.rawValue, 0]
        for value in [commitLSN.rawValue, end.rawValue, UInt64(bitPattern: time)] {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }
}
