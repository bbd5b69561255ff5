import SluiceTesting
import Testing

@testable import Sluice

@Suite struct ShortQueueTests {
    @Test(arguments: UInt64(0)..<20) func aRandomWalkAgreesWithAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = ShortQueue<Int>()
        var model: [Int] = []
        for next in 0..<400 {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0, 1:
                queue.append(next)
                model.append(next)
            case 2:
                queue.prepend(next)
                model.insert(next, at: 0)
            case 3:
                var other = ShortQueue(next)
                other.append(-next)
                queue.append(other)
                model += [next, -next]
            case 4 where next % 16 == 0:
                expect(Array(queue.take()) == model)
                model = []
            default:
                expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            expect(Array(queue) == model && queue.first == model.first)
            expect(queue.count == model.count && queue.isEmpty == model.isEmpty)
        }
    }
}
