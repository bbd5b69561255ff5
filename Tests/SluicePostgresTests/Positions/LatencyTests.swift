import SluiceTesting
import Testing

@testable import SluicePostgres

@Suite("Latency")
struct LatencyTests {
    @Test("each quantile is at least the true one, and at most a sixteenth above it", arguments: 1...20)
    func quantiles(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var histogram = LatencyHistogram()
        var values: [Int64] = []
        for _ in 0..<Int.random(in: 1...500, using: &random) {
            let value = Int64.random(in: 0...(1 << Int.random(in: 0...40, using: &random)), using: &random)
            histogram.record(value)
            values.append(value)
        }
        values.sort()
        for share in [0, 0.01, 0.5, 0.9, 0.99, 1] {
            let rank = max(1, Int((share * Double(values.count)).rounded(.up)))
            let (told, exact) = (try #require(histogram.quantile(share)), values[rank - 1])
            #expect(told >= exact && told <= exact + exact / 16, "\(share): \(told) for \(exact)")
        }
        #expect(histogram.longest == values.last && histogram.count == values.count)
    }

    @Test("two together are as one that had the values of both")
    func sum() {
        var (left, right, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value: Int64 in [3, 17, 1000] { left.record(value) }
        for value: Int64 in [0, 90_000, .max] { right.record(value) }
        for value: Int64 in [3, 17, 1000, 0, 90_000, .max] { both.record(value) }
        left.add(right)
        #expect(left == both)
        #expect(both.quantile(1) == .max)
    }

    @Test func whatIsBelowZeroIsZero() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == nil)
        histogram.record(-5)
        #expect(histogram.quantile(0.5) == 0)
    }

    @Test("a transaction is measured once, when its end is acknowledged; what is made up is not")
    func completed() {
        var tracker = SafePosition()
        tracker.record(.began(commitLSN: LSN(rawValue: 10), commitTime: 77))
        tracker.record(.committed(endLSN: LSN(rawValue: 15), sequence: 1))
        tracker.record(.began(commitLSN: LSN(rawValue: 19), commitTime: nil))
        tracker.record(.committed(endLSN: LSN(rawValue: 20), sequence: 2))
        tracker.record(.began(commitLSN: LSN(rawValue: 20), commitTime: 99))
        tracker.acknowledge(through: 0)
        var times = tracker.takeCompleted()
        #expect(times == [])
        tracker.acknowledge(through: 3)
        times = tracker.takeCompleted()
        #expect(times == [77])
        tracker.record(.committed(endLSN: LSN(rawValue: 30), sequence: 3))
        times = tracker.takeCompleted()
        #expect(times == [99])
        times = tracker.takeCompleted()
        #expect(times == [])
    }
}
