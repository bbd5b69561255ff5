/// The runs of the program whose watermarks may be in the part of the log that is sent again.
///
/// A page's rows are delivered if the sink stands behind its watermark, but only if the run that wrote the watermark also
/// met it in the stream: one that a run left in the log when it ended is void. So each run has a number, which is in its
/// watermarks, and when the next one starts, it is noted first of all where the sink stood then.
package struct CopyJournal: Hashable, Sendable {
    /// A run that is over.
    package struct PastRun: Hashable, Sendable {
        /// Its number.
        package var number: Int64

        /// Its watermarks above this are void; `nil`: all of them.
        package var end: Cursor?

        /// Makes a run.
        package init(number: Int64, end: Cursor?) {
            self.number = number
            self.end = end
        }
    }

    /// The number of the run that is going on.
    package var run: Int64

    /// Those before it whose pages may not all be noted yet.
    package var past: [PastRun]

    /// The first run that counts for a table, by its oid: before it the table was copied once already.
    package var firstRuns: [UInt32: Int64] = [:]

    /// Makes a journal.
    package init(run: Int64, past: [PastRun] = []) {
        self.run = run
        self.past = past
    }

    /// What the log tells of a page of an earlier run.
    ///
    /// - Parameters:
    ///   - watermark: As it was found.
    ///   - commitLSN: Where its transaction's commit record starts.
    ///   - start: Where the sink stood when this run started.
    /// - Returns: What of the page the sink has; `nil` if nothing.
    func copied(_ watermark: Watermark, at commitLSN: LSN, start: Cursor?) -> CopiedPage? {
        guard let start, let end = past.first(where: { $0.number == watermark.run })?.end,
            watermark.run >= firstRuns[watermark.table] ?? 0
        else { return nil }
        let through = min(start, end)
        guard commitLSN <= through.commitLSN else { return nil }
        let isWhole = commitLSN < through.commitLSN || through.index >= UInt64(watermark.keys.count)
        let count = isWhole ? watermark.keys.count : Int(through.index) + 1
        return CopiedPage(
            table: watermark.table,
            lastKey: count > 0 ? watermark.keys[count - 1] : nil,
            through: Cursor(commitLSN: commitLSN, index: UInt64(max(count, 1) - 1)),
            rows: count,
            isLast: isWhole && watermark.isLast,
            run: watermark.run
        )
    }
}

/// Rows of a table that are in the stream, or in the sink.
package struct CopiedPage: Hashable, Sendable {
    /// The table's oid.
    package var table: UInt32

    /// The copy goes on behind it; `nil` if the page had no rows.
    package var lastKey: RowKey?

    /// When the sink is here, the page is durable.
    package var through: Cursor

    /// How many rows.
    package var rows: Int

    /// Whether the table is copied with it.
    package var isLast: Bool

    /// The run that read it.
    package var run: Int64

    /// Makes a page.
    package init(table: UInt32, lastKey: RowKey?, through: Cursor, rows: Int, isLast: Bool, run: Int64) {
        self.run = run
        self.table = table
        self.lastKey = lastKey
        self.through = through
        self.rows = rows
        self.isLast = isLast
    }
}
