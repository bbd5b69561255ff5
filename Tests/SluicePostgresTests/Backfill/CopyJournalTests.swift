import Testing

@testable import SluicePostgres

/// How far a copy is after a crash, from the watermarks that the server sends again.
@Suite struct CopyJournalTests {
    private let watermark = Watermark(
        run: 4,
        page: 2,
        table: 5,
        isLast: true,
        keys: [RowKey(["a"]), RowKey(["b"]), RowKey(["c"])]
    )

    private func cursor(_ lsn: UInt64, _ index: UInt64 = Cursor.commitIndex) -> Cursor {
        Cursor(commitLSN: LSN(rawValue: lsn), index: index)
    }

    private func copied(_ start: Cursor?, end: Cursor?) -> CopiedPage? {
        let journal = CopyJournal(run: 5, past: [CopyJournal.PastRun(number: 4, end: end)])
        return journal.copied(watermark, at: LSN(rawValue: 100), start: start)
    }

    @Test func aSinkBehindTheWatermarkHasThePage() throws {
        for start in [cursor(100), cursor(101, 0)] {
            let page = try #require(copied(start, end: start))
            #expect(page.lastKey == RowKey(["c"]))
            #expect(page.rows == 3)
            #expect(page.isLast)
            #expect(page.through == cursor(100, 2))
        }
    }

    @Test func aSinkInsideHasTheRowsUpToItsCursor() throws {
        let page = try #require(copied(cursor(100, 1), end: cursor(100, 1)))
        #expect(page.lastKey == RowKey(["b"]))
        #expect(page.rows == 2)
        #expect(!page.isLast)
    }

    @Test func aSinkBelowHasNothing() {
        #expect(copied(cursor(99), end: cursor(99)) == nil)
        #expect(copied(nil, end: nil) == nil)
    }

    @Test func whatTheRunDidNotMeetIsVoidWhereverTheSinkIsNow() {
        #expect(copied(cursor(200), end: cursor(99)) == nil)
        #expect(copied(cursor(200), end: nil) == nil)
    }

    @Test func onlyRunsThatAreKnownCount() {
        let journal = CopyJournal(run: 5, past: [])
        #expect(journal.copied(watermark, at: LSN(rawValue: 100), start: cursor(200)) == nil)
        var restarted = CopyJournal(run: 5, past: [CopyJournal.PastRun(number: 4, end: cursor(200))])
        #expect(restarted.copied(watermark, at: LSN(rawValue: 100), start: cursor(200)) != nil)
        restarted.firstRuns[5] = 5
        #expect(restarted.copied(watermark, at: LSN(rawValue: 100), start: cursor(200)) == nil)
    }
}
