import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct DeliveryProgressTests {
    @Test func takesWhatAscends() throws {
        var progress = DeliveryProgress(at: nil)
        for change in changes(.row(10, 0), .filtered(10, 1), .rows(10, 2, count: 3), .commit(10), .row(20, 0)) {
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

    @Test(arguments: [Step.row(10, 2), .row(10, 1), .row(9, 0), .rows(10, 2, count: 9)])
    func refusesRepetitionAfterTheStart(step: Step) throws {
        var progress = DeliveryProgress(at: at(10, 1))
        _ = try progress.take(changes(.row(10, 2))[0])
        #expect(throws: SinkError.self) { try progress.take(changes([step])[0]) }
        #expect(progress.cursor == at(10, 2))
    }
}
