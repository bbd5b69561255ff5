import SluiceTesting
import Testing

@testable import Sluice

@Suite struct BufferWeightsTests {
    @Test func theExcessIsCountedFromTheEndThatIsDropped() {
        var weights = BufferWeights()
        weights.append([5, 1, 1, 4])
        #expect(weights.total == 11)
        #expect(weights.excess(over: 11, oldest: true) == 0)
        #expect(weights.excess(over: 10, oldest: true) == 1)
        #expect(weights.excess(over: 5, oldest: true) == 2)
        #expect(weights.excess(over: 6, oldest: false) == 2)
        #expect(weights.excess(over: 0, oldest: false) == 4)
    }

    @Test(arguments: UInt64(0)..<50) func itAgreesWithAList(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var (weights, list) = (BufferWeights(), [Int]())
        for _ in 0..<100 {
            let more = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                Int.random(in: 0...9, using: &generator)
            }
            weights.append(more)
            list += more
            let first = Int.random(in: 0...min(2, list.count), using: &generator)
            weights.removeFirst(first)
            list.removeFirst(first)
            let last = Int.random(in: 0...min(1, list.count), using: &generator)
            weights.removeLast(last)
            list.removeLast(last)
            #expect(weights.total == list.reduce(0, +))
            let limit = Int.random(in: 0...30, using: &generator)
            let oldest = weights.excess(over: limit, oldest: true)
            #expect(list.dropFirst(oldest).reduce(0, +) <= limit)
            #expect(oldest == 0 || list.dropFirst(oldest - 1).reduce(0, +) > limit)
        }
    }
}
