import SluicePostgres
import SluiceSinks
import Testing

@testable import SluiceKafka

/// What is chosen for a transaction, without a cluster.
@Suite struct TransactionPartTests {
    @Test("A part may end between the messages of a change; the next one goes on there")
    func insideAChange() throws {
        let batch = pairs(1...2)[...]
        let first = try #require(try part(of: batch, after: DeliveryProgress(at: nil), most: 3))
        #expect(first.cursors == [place(1, 0), place(1, 1), place(2, 0)])
        #expect(first.cursor == place(2, 0) && !first.isLast)
        let rest = try #require(try part(of: batch, after: first.progress, most: 3))
        #expect(rest.cursors == [place(2, 1)])
        #expect(rest.cursor == place(2, 1) && rest.isLast)
        let all = DeliveryProgress(at: rest.progress.cursor)
        #expect(try part(of: batch, after: all, most: 3) == nil)
    }

    @Test("What is put aside is passed over, also where it is the last or all there is")
    func aside() throws {
        let batch = pairs(1...2)[...]
        let some = try #require(
            try part(of: batch, after: DeliveryProgress(at: nil), without: [place(1, 1), place(2, 1)], most: .max)
        )
        #expect(some.cursors == [place(1, 0), place(2, 0)])
        #expect(some.cursor == place(2, 1) && some.isLast)
        let all = Set(batch.flatMap { [Cursor($0, 0), Cursor($0, 1)] })
        let none = try #require(try part(of: batch, after: DeliveryProgress(at: nil), without: all, most: .max))
        #expect(none.messages.isEmpty && none.cursor == place(2, 1) && none.isLast)
    }

    private func part(
        of changes: ArraySlice<Change>,
        after progress: DeliveryProgress,
        without aside: Set<Cursor> = [],
        most: Int
    ) throws -> TransactionPart? {
        try TransactionPart(of: changes, after: progress, without: aside, most: most)
    }

    private func place(_ number: UInt64, _ sub: Int32) -> Cursor {
        Cursor(commitLSN: LSN(rawValue: 4711), index: number, sub: sub)
    }

    /// Changes with two messages each.
    private func pairs(_ numbers: ClosedRange<UInt64>) -> [Change] {
        numbers.map { number in
            let bytes = Array("{\"n\":\(number)}\n{\"n\":\(number)}\n".utf8)
            return Change(
                sequence: number,
                cursor: place(number, 0),
                kind: .messages(count: 2),
                batch: EncodedBatch(bytes: bytes),
                offset: 0,
                length: Int32(bytes.count),
                cost: 1
            )
        }
    }
}

extension TransactionPart {
    fileprivate var cursors: [Cursor] { messages.map(\.cursor) }
}

extension Cursor {
    fileprivate init(_ change: Change, _ sub: Int32) {
        self.init(commitLSN: change.cursor.commitLSN, index: change.cursor.index, sub: sub)
    }
}
