import Testing

@testable import SluiceKafka

/// The machine alone.
@Suite struct NarrowingTests {
    @Test("The first that is to blame is found alone, in few transactions", arguments: [1, 2, 3, 7, 8, 1000, 8192])
    func oneMessage(count: Int) {
        for guilty in Set([0, 1, 2, count / 3, count / 2, count - 2, count - 1]) where (0..<count).contains(guilty) {
            let run = Run(count: count) { $0.contains(guilty) }
            #expect(run.found == guilty)
            #expect(run.transactions <= 2 * count.bitWidthOfValue + 1, "\(run.transactions) of \(count)")
        }
    }

    @Test("Transactions that are only too large together are all written, in parts that are as large as they may be")
    func sets() {
        let run = Run(count: 5000) { $0.count > 1300 }
        #expect(run.found == nil)
        #expect(run.transactions == 7)
    }

    /// Writes messages until the first that is refused alone.
    private struct Run {
        var found: Int?
        var transactions = 0

        init(count: Int, refuses: (Range<Int>) -> Bool) {
            var narrowing = Narrowing()
            var written = 0
            while written < count {
                let part = written..<(written + min(narrowing.most, count - written))
                transactions += 1
                if !refuses(part) {
                    narrowing.written(part.count)
                    written = part.upperBound
                } else if part.count > 1 {
                    narrowing.refused(part.count)
                } else {
                    found = part.lowerBound
                    return
                }
            }
        }
    }
}

extension Int {
    fileprivate var bitWidthOfValue: Int { Int.bitWidth - leadingZeroBitCount }
}
