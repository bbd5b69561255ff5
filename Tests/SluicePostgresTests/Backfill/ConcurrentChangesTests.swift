import Testing

@testable import SluicePostgres

@Suite struct ConcurrentChangesTests {
    /// What is stale in a page with a snapshot; `nil`: cannot be told.
    private func stale(_ changes: inout ConcurrentChanges, _ snapshot: String) throws -> StaleRows? {
        changes.staleRows(for: try #require(TransactionSnapshot(snapshot)))
    }

    @Test func aRowIsStaleUntilItsTransactionIsSeen() throws {
        var changes = ConcurrentChanges(limit: 1 << 20)
        changes.restart()
        changes.begin(10)
        changes.note(RowKey(["1"]))
        changes.begin(11)
        changes.note(RowKey(["2"]))
        var rows = try #require(try stale(&changes, "10:12:10"))
        #expect(rows.contains(RowKey(["1"])))
        #expect(!rows.contains(RowKey(["2"])))
        // Still not seen by the page after.
        rows = try #require(try stale(&changes, "10:13:10"))
        #expect(rows.contains(RowKey(["1"])))
        rows = try #require(try stale(&changes, "13:13:"))
        #expect(!rows.contains(RowKey(["1"])))
    }

    @Test func aTruncateMakesEveryRowStale() throws {
        var changes = ConcurrentChanges(limit: 1 << 20)
        changes.begin(10)
        changes.noteAll()
        let rows = try #require(try stale(&changes, "10:11:10"))
        #expect(rows.contains(RowKey(["7"])))
    }

    @Test func aPageIsReadAgainWhileItIsNotKnownWhatAnUnseenTransactionDid() throws {
        var changes = ConcurrentChanges(limit: 1 << 20)
        changes.begin(10)
        changes.noteUnknown()
        var rows = try stale(&changes, "10:11:10")
        #expect(rows?.areAll == nil)
        rows = try stale(&changes, "11:11:")
        #expect(rows?.areAll == false)
    }

    @Test func whatWasStreamedBeforeTheWatchAndIsNotSeenCannotBeCompared() throws {
        var changes = ConcurrentChanges(limit: 1 << 20)
        changes.begin(10)
        changes.restart()
        changes.begin(11)
        var rows = try stale(&changes, "10:12:10")
        #expect(rows?.areAll == nil)
        rows = try stale(&changes, "11:12:11")
        #expect(rows?.areAll == false)
    }

    @Test func moreKeysThanThereIsRoomForMakeTheNextPageBeReadAgain() throws {
        var changes = ConcurrentChanges(limit: 1000)
        changes.begin(10)
        for number in 0..<100 { changes.note(RowKey([String(number)])) }
        var rows = try stale(&changes, "10:11:10")
        #expect(rows?.areAll == nil)
        rows = try stale(&changes, "11:11:")
        #expect(rows?.areAll == false)
    }
}
