import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct DeliveryProgressTests {
    @Test func takesWhatAscends() throws {
        var progress = DeliveryProgress(at: nil)
        for change in changes(
            .row(10, 0),
            .filtered(10, 1),
            .rows(10, 2, count: 3),
            .commit(10),
            .row(20, 0),
            .rows(20, 1, count: 1, schemas: 2)
        ) {
            #expect(try progress.take(change) == 0)
            #expect(progress.cursor == change.lastCursor)
        }
    }

    @Test func dropsWhatWasThereAtTheStart() throws {
        var progress = DeliveryProgress(at: at(10, 1))
        #expect(try changes(.row(9, 0), .row(10, 0), .row(10, 1)).map { try progress.take($0) } == [nil, nil, nil])
        #expect(progress.cursor == at(10, 1))
        #expect(try progress.take(changes(.row(10, 2))[0]) == 0)
    }

    @Test func goesOnInsideAChange() throws {
        var progress = DeliveryProgress(at: at(10, 1, 1))
        #expect(try progress.take(changes(.rows(10, 1, count: 4))[0]) == 2)
        #expect(progress.cursor == at(10, 1, 3))
    }

    @Test(
        "goes on behind a schema change, before the row, and behind both",
        arguments: [(-2, 1), (-1, 2), (0, nil), (1, nil)]
    )
    func goesOnBehindASchemaChange(sub: Int32, first: Int?) throws {
        let change = changes(.rows(10, 1, count: 1, schemas: 2))[0]
        #expect(change.firstCursor == at(10, 1, -2) && change.lastCursor == at(10, 1) && change.messageCount == 3)
        var progress = DeliveryProgress(at: at(10, 1, sub))
        #expect(try progress.take(change) == first)
        #expect(progress.cursor == at(10, 1, max(sub, 0)))
        // The same row, when it is no longer known what the table was like.
        var forgetful = DeliveryProgress(at: at(10, 1, sub))
        #expect(try forgetful.take(changes(.row(10, 1))[0]) == (sub < 0 ? 0 : nil))
    }

    @Test("a change's messages have their cursors, also from the middle on", arguments: 0...4)
    func messagesFromTheMiddle(first: Int) {
        let change = changes(.rows(10, 1, count: 2, schemas: 2))[0]
        let cursors = [at(10, 1, -2), at(10, 1, -1), at(10, 1), at(10, 1, 1)]
        var found: [Cursor] = []
        change.forEachMessage(from: first) { cursor, message in
            #expect(Cursor(messageLine: message) == cursor)
            found.append(cursor)
        }
        #expect(found == Array(cursors.dropFirst(first)))
        #expect(change.byteCount(before: first) == cursors.prefix(first).reduce(0) { $0 + line($1).utf8.count })
    }

    @Test(arguments: [Step.row(10, 2), .row(10, 1), .row(9, 0), .rows(10, 2, count: 9)])
    func refusesRepetitionAfterTheStart(step: Step) throws {
        var progress = DeliveryProgress(at: at(10, 1))
        _ = try progress.take(changes(.row(10, 2))[0])
        #expect(throws: SinkError.self) { try progress.take(changes([step])[0]) }
        #expect(progress.cursor == at(10, 2))
    }
}
