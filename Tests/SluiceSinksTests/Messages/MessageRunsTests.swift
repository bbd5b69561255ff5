import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct MessageRunsTests {
    private func pieces(_ runs: MessageRuns) -> [String] {
        var result: [String] = []
        runs.forEachPiece { result.append(String(decoding: $0, as: UTF8.self)) }
        return result
    }

    @Test func joinsNeighbours() {
        var runs = MessageRuns()
        for change in changes(.row(1, 0), .filtered(1, 1), .row(1, 2), .commit(1)) { runs.append(change, from: 0) }
        #expect(pieces(runs) == [lines(at(1, 0), at(1, 2))])
    }

    @Test func gathersShortRunsOfManyBatches() {
        var runs = MessageRuns()
        let all = (0..<500 as Range<UInt64>).flatMap { changes(.row(1, $0)) }
        for change in all { runs.append(change, from: 0) }
        let expected = (0..<500 as Range<UInt64>).map { line(at(1, $0)) }.joined()
        #expect(runs.byteCount == expected.utf8.count)
        #expect(pieces(runs).joined() == expected)
        #expect(pieces(runs).count < 4)
    }

    @Test func keepsTheOrderOfShortAndLongRuns() {
        var runs = MessageRuns()
        let long = changes((0..<1000).map { .row(2, $0) })
        for change in changes(.row(1, 0)) + long + changes(.row(3, 0)) { runs.append(change, from: 0) }
        #expect(pieces(runs).count == 3)
        #expect(pieces(runs).joined() == line(at(1, 0)) + (0..<1000).map { line(at(2, $0)) }.joined() + line(at(3, 0)))
    }

    @Test func startsInsideAChange() {
        var runs = MessageRuns()
        runs.append(changes(.rows(1, 0, count: 3))[0], from: 2)
        #expect(pieces(runs) == [line(at(1, 0, 2))])
    }
}
