import Testing

@testable import SluicePostgres

@Suite struct TransactionSnapshotTests {
    @Test func seesWhatHadEnded() throws {
        let snapshot = try #require(TransactionSnapshot("100:110:103,107"))
        #expect([99, 100, 102, 109].allSatisfy { snapshot.sees($0) })
        #expect([103, 107, 110, 111].allSatisfy { !snapshot.sees($0) })
    }

    @Test func seesNothingFromTheOldestOnIfTheListIsNotTold() throws {
        let snapshot = try #require(TransactionSnapshot("100:110:", tellsRunning: false))
        #expect(snapshot.sees(99))
        #expect(!snapshot.sees(100))
        #expect(!snapshot.sees(110))
    }

    @Test func comparesIdsThatWrapAround() throws {
        // Epoch 1: 32 bits are 0xFFFF_FFFE, then 3.
        let snapshot = try #require(TransactionSnapshot("8589934590:8589934595:8589934593"))
        #expect(snapshot.sees(0xFFFF_FFFD))
        #expect(snapshot.sees(0xFFFF_FFFE))
        #expect(snapshot.sees(0))
        #expect(!snapshot.sees(1))
        #expect(!snapshot.sees(3))
    }

    @Test(arguments: ["", "1:2", "a:2:", "1:2:x", "1:2:3:4"])
    func refusesOtherTexts(_ text: String) {
        #expect(TransactionSnapshot(text) == nil)
    }
}
