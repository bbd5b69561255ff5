import SluiceTesting
import Testing

@testable import Sluice

@Suite struct EventQueueTests {
    @Test(arguments: UInt64(0)..<50) func aRandomWalkAgreesWithAPlainArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var queue = EventQueue()
        var model: [Int] = []
        var next = 0
        for _ in 0..<300 {
            switch Int.random(in: 0..<5, using: &generator) {
            case 0, 1:
                let events = Array(next..<next + Int.random(in: 0...6, using: &generator))
                next += events.count
                queue.append(EventBatch(events))
                model += events
            case 2:
                var other = EventQueue()
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    let events = Array(next..<next + Int.random(in: 0...4, using: &generator))
                    next += events.count
                    other.append(EventBatch(events))
                    model += events
                }
                // A queue that has been cut before joins as well as a fresh one.
                let cut = other.removeFirst(1)
                model.removeLast(other.count)
                model.removeLast(cut.count)
                queue.append(other)
                var rest = other
                model += rest.removeFirst(rest.count).array()
            default:
                let count = Int.random(in: 0...10, using: &generator)
                expect(queue.removeFirst(count).array() == Array(model.prefix(count)))
                model.removeFirst(min(count, model.count))
            }
            expect(queue.count == model.count)
            expect(queue.isEmpty == model.isEmpty)
        }
        expect(queue.removeFirst(.max).array() == model)
    }

    @Test("D16: an empty queue gives nothing") func empty() {
        var queue = EventQueue()
        let taken: [Int] = queue.removeFirst(5).array()
        expect(taken.isEmpty && queue.isEmpty)
    }

    @Test func aBatchThatPassesThroughWholeIsNotCopied() {
        var queue = EventQueue()
        let batch = Array(0..<100)
        queue.append(EventBatch(batch))
        let taken: [Int] = queue.removeFirst(100).array()
        expect(batch.withUnsafeBufferPointer(\.baseAddress) == taken.withUnsafeBufferPointer(\.baseAddress))
    }
}
