import SluicePostgres
import SluiceTesting
import Testing

@testable import SluiceSinks

@Suite struct LogLedgerTests {
    private static let header = 100

    /// A ledger with one segment for each list of record sizes; record n ends at the change (n, 0).
    private func ledger(budget: Int, segmentSize: Int = 1000, _ segments: [[Int]]) -> LogLedger {
        var ledger = LogLedger(budget: budget, segmentSize: segmentSize)
        var number: UInt64 = 0
        for sizes in segments {
            ledger.begin(
                LogLedger.Segment(start: ledger.end, headerSize: Self.header, last: at(number, 0), after: at(number, 0))
            )
            for size in sizes {
                number += 1
                ledger.append(record(size, number, ledger))
            }
        }
        return ledger
    }

    private func record(_ size: Int, _ number: UInt64, _ ledger: LogLedger) -> LogRecord {
        LogRecord(length: size - LogRecord.headerSize, offset: ledger.end, last: at(number, 0), count: 1)
    }

    @Test("room: within the budget, behind a full segment, and when the budget is used up")
    func room() {
        #expect(LogLedger(budget: 1000).room(for: 10) == .roll)
        var ledger = ledger(budget: 2000, [[500]])
        ledger.hold("a", above: at(0, 0))
        ledger.hold("b", above: at(1, 0))
        #expect(ledger.room(for: 500) == .append)
        #expect(ledger.room(for: 501) == .roll)
        ledger.begin(LogLedger.Segment(start: ledger.end, headerSize: Self.header, last: at(1, 0), after: at(1, 0)))
        #expect(ledger.room(for: 1300) == .append)
        #expect(ledger.room(for: 1301) == .full(heldBy: "a"))
        ledger.advance("a", to: at(1, 0))
        #expect(ledger.takeFreed() == [0])
        #expect(ledger.room(for: 1301) == .append)
    }

    @Test("a record of any size is admitted when there is nothing else")
    func oversized() {
        var ledger = ledger(budget: 1000, [[]])
        ledger.hold("a", above: at(0, 0))
        #expect(ledger.room(for: 5000) == .append)
        ledger.append(record(5000, 1, ledger))
        #expect(ledger.room(for: 50) == .roll)
    }

    @Test("the newest segment that everybody has is closed to give its bytes back")
    func newestIsDone() {
        var ledger = ledger(budget: 1000, segmentSize: 5000, [[800]])
        ledger.hold("a", above: at(0, 0))
        #expect(ledger.room(for: 200) == .full(heldBy: "a"))
        ledger.advance("a", to: at(1, 0))
        #expect(ledger.room(for: 200) == .roll)
        ledger.begin(LogLedger.Segment(start: ledger.end, headerSize: Self.header, last: at(1, 0), after: at(1, 0)))
        #expect(ledger.takeFreed() == [0])
        #expect(ledger.room(for: 200) == .append)
    }

    @Test("a segment goes when the cursor of every sink is past it, whatever message of its last change that is")
    func freed() {
        var ledger = ledger(budget: 9000, [[300, 300], [300], [300]])
        ledger.hold("a", above: at(0, 0))
        ledger.hold("b", above: at(0, 0))
        ledger.advance("a", to: at(4, 0))
        #expect(ledger.takeFreed() == [])
        ledger.advance("b", to: at(1, 7))
        #expect(ledger.takeFreed() == [])
        ledger.advance("b", to: at(2, 0, -1))
        #expect(ledger.takeFreed() == [0])
        #expect(ledger.floor == at(2, 0))
        // A cursor never goes back, and a sink that is released needs nothing.
        ledger.advance("b", to: at(1, 0))
        #expect(ledger.takeFreed() == [])
        ledger.release("b")
        #expect(ledger.takeFreed() == [600])
        #expect(ledger.size == 400)
        #expect(ledger.bytes(above: at(3, 0)) == 300)
        #expect(ledger.bytes(above: at(4, 0)) == 0)
    }

    @Test("whatever happens, nothing goes that a sink needs, and the budget holds", arguments: 0..<200 as Range<UInt64>)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let budget = Int.random(in: 2000...20_000, using: &random)
        var ledger = LogLedger(budget: budget, segmentSize: Int.random(in: 500...5000, using: &random))
        ledger.begin(LogLedger.Segment(start: 0, headerSize: Self.header, last: at(0, 0), after: at(0, 0)))
        var cursors: [String: UInt64] = [:]
        for name in ["a", "b", "c"] {
            cursors[name] = 0
            ledger.hold(name, above: at(0, 0))
        }
        var number: UInt64 = 0
        var largest = 0
        for _ in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let size = Int.random(in: 60...1500, using: &random)
                switch ledger.room(for: size) {
                case .append:
                    number += 1
                    largest = max(largest, size)
                    ledger.append(record(size, number, ledger))
                    #expect(ledger.size <= max(budget, size + Self.header) + Self.header)
                case .roll:
                    ledger.begin(
                        LogLedger.Segment(
                            start: ledger.end,
                            headerSize: Self.header,
                            last: at(number, 0),
                            after: at(number, 0)
                        )
                    )
                case .full(let sink):
                    #expect(cursors[sink] == cursors.values.min(), "\(sink) is not the furthest behind")
                    #expect(ledger.size + size > budget)
                }
            case 5..<9:
                guard let name = cursors.keys.sorted().randomElement(using: &random) else { break }
                let cursor = UInt64.random(in: 0...number, using: &random)
                ledger.advance(name, to: at(cursor, 0))
                cursors[name] = max(cursors[name] ?? 0, cursor)
            default:
                if cursors.count > 1, Int.random(in: 0..<20, using: &random) == 0 {
                    let name = cursors.keys.sorted()[0]
                    cursors[name] = nil
                    ledger.release(name)
                }
            }
            _ = ledger.takeFreed()
            let lowest = cursors.values.min() ?? number
            #expect((ledger.floor ?? at(0, 0)) <= at(lowest, 0), "something that is needed is gone")
            for (left, right) in zip(ledger.segments, ledger.segments.dropFirst()) {
                #expect(left.end == right.start && left.last == right.after)
            }
        }
    }
}
