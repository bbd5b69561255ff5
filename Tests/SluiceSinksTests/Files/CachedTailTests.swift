import SluiceTesting
import Testing

@testable import SluiceSinks

@Suite struct CachedTailTests {
    private static let mib: UInt64 = 1 << 20

    @Test func nothingGoesBeforeThereIsEnough() {
        var tail = CachedTail(behind: 0)
        #expect(tail.grow(to: 0) == nil)
        #expect(tail.grow(to: CachedTail.size) == nil)
        #expect(tail.grow(to: CachedTail.size + CachedTail.step - 1) == nil)
        #expect(tail.grow(to: CachedTail.size + CachedTail.step) == 0..<CachedTail.step)
    }

    @Test func whatWasThereIsLeftAlone() {
        var tail = CachedTail(behind: 500 * Self.mib)
        #expect(tail.grow(to: 520 * Self.mib) == nil)
        #expect(tail.grow(to: 536 * Self.mib) == 500 * Self.mib..<504 * Self.mib)
    }

    @Test func aFileThatWasCutBeginsAtItsNewEnd() {
        var tail = CachedTail(behind: 0)
        #expect(tail.grow(to: 100 * Self.mib) == 0..<68 * Self.mib)
        // Cut below what has gone, and then above it.
        #expect(tail.grow(to: 50 * Self.mib) == nil)
        #expect(tail.grow(to: 86 * Self.mib) == 50 * Self.mib..<54 * Self.mib)
        #expect(tail.grow(to: 60 * Self.mib) == nil)
        #expect(tail.grow(to: 90 * Self.mib) == 54 * Self.mib..<58 * Self.mib)
    }

    /// Each byte once, in order, and never one that is near the end.
    @Test(arguments: 1...50 as ClosedRange<UInt64>) func randomGrowth(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var length = UInt64.random(in: 0...100_000_000, using: &random)
        var tail = CachedTail(behind: length)
        var gone = length
        for _ in 0..<300 {
            length += UInt64.random(in: 0...6_000_000, using: &random)
            guard let range = tail.grow(to: length) else {
                #expect(length - gone < CachedTail.size + CachedTail.step)
                continue
            }
            #expect(range.lowerBound == gone)
            #expect(range.count >= Int(CachedTail.step))
            #expect(range.upperBound + CachedTail.size == length)
            gone = range.upperBound
        }
    }
}
