import SluiceTesting
import Testing

@testable import Sluice

@Suite struct PlacedCallsTests {
    /// A buffer's counts, and the calls that stand in it.
    private struct Buffer {
        var calls = PlacedCalls()
        var requests: [PerformRequest] = []
        var departed = 0
        var held = 0
        var end: Int { departed + held }

        mutating func notify(_ count: Int = 1) {
            for _ in 0..<count {
                requests.append(PerformRequest())
                calls.append(requests[requests.count - 1], behind: 0)
            }
        }

        mutating func deliver(_ count: Int) {
            departed += count
            held -= count
        }

        /// The numbers of the calls that may run now.
        mutating func run() -> [Int] {
            var numbers: [Int] = []
            while let request = calls.next(taken: 0, departed: departed, end: end) {
                numbers.append(requests.firstIndex { $0 === request } ?? -1)
            }
            return numbers
        }
    }

    @Test("D15: in an empty buffer a call runs at once") func empty() {
        var buffer = Buffer()
        buffer.notify()
        #expect(buffer.run() == [0])
        #expect(buffer.calls.isEmpty)
    }

    @Test("D17, D18: calls at one place run in their order when the event before them has left") func onePlace() {
        var buffer = Buffer(held: 2)
        buffer.notify(3)
        #expect(buffer.run() == [])
        buffer.held += 1
        buffer.deliver(1)
        #expect(buffer.run() == [])
        buffer.deliver(1)
        #expect(buffer.run() == [0, 1, 2])
    }

    @Test("D19: calls between events keep their places") func places() {
        var buffer = Buffer(held: 2)
        buffer.notify(2)
        #expect(buffer.run() == [])
        buffer.held += 3
        buffer.notify(2)
        #expect(buffer.run() == [])
        buffer.held += 1
        buffer.notify()
        #expect(buffer.run() == [])
        buffer.deliver(2)
        #expect(buffer.run() == [0, 1])
        buffer.deliver(3)
        #expect(buffer.run() == [2, 3])
        buffer.deliver(1)
        #expect(buffer.run() == [4])
    }

    @Test("D14: what is dropped lets the calls behind it go") func drops() {
        var buffer = Buffer(held: 3)
        buffer.notify(2)
        #expect(buffer.run() == [])
        buffer.held -= 2
        buffer.calls.cut(at: buffer.end)
        buffer.held += 5
        #expect(buffer.run() == [], "One event from before them is left")
        buffer.deliver(1)
        #expect(buffer.run() == [0, 1])
    }

    /// Another stage's task delivers, so the buffer is over its limit until it has done so.
    @Test func aStageCutsThePlacesOfCallsWithItsBuffer() {
        var machine = TestMachine(kind: .producer, buffer: .bounded(2, .dropNewest))
        machine.playSubscription(.first)
        _ = machine.note(.asked(1, .first))
        machine.playNextDelivery(capacity: 1)
        expect(machine.emit([1]).delivers)
        var delivery = machine.takeDelivery()
        _ = machine.emit([2, 3, 4, 5])
        expect(machine.notify(PerformRequest()) != nil)
        expect(machine.nextSummary() == nil)
        _ = delivery.events.removeFirst(1)
        expect(machine.delivered(&delivery, Outbound.Report(capacity: 0, subscriptions: 1)).hasOverflow)
        expect(machine.nextSummary() == nil)
        machine.playDelivery(after: machine.note(.asked(2, .first)), capacity: 2)
        expect(machine.nextSummary() == "perform")
    }

    @Test func aCallThatIsTakenBackDoesNotRun() {
        var buffer = Buffer(held: 1)
        buffer.notify()
        #expect(buffer.run() == [])
        buffer.notify(2)
        expect(buffer.calls.remove(buffer.requests[1]) && buffer.calls.remove(buffer.requests[0]))
        expect(!buffer.calls.remove(buffer.requests[0]))
        buffer.deliver(1)
        #expect(buffer.run() == [2])
    }

    /// Queues in which the calls stand as marks between the events.
    private struct Marks {
        enum Item: Equatable { case event, call(Int) }

        var (inbox, buffer): ([Item], [Item]) = ([], [])
        var (taken, departed) = (0, 0)
        var received: Int { taken + inbox.filter { $0 == .event }.count }
        var held: Int { buffer.filter { $0 == .event }.count }

        /// The handler gets some events, and emits others; the calls that it has passed stand behind those.
        mutating func handle(_ count: Int, emitting emitted: Int) {
            var passed: [Item] = []
            for _ in 0..<min(count, received - taken) {
                while inbox.first != .event { passed.append(inbox.removeFirst()) }
                inbox.removeFirst()
                taken += 1
            }
            buffer += Array(repeating: .event, count: emitted) + passed
        }

        mutating func deliver(_ count: Int) {
            for _ in 0..<min(count, held) {
                buffer.firstIndex(of: .event).map { _ = buffer.remove(at: $0) }
                departed += 1
            }
        }

        mutating func dropNewest(_ count: Int) {
            for _ in 0..<min(count, held) { buffer.lastIndex(of: .event).map { _ = buffer.remove(at: $0) } }
        }

        /// The calls that have come to the front.
        mutating func run() -> [Int] {
            while let first = inbox.first, first != .event { buffer.append(inbox.removeFirst()) }
            var calls: [Int] = []
            while case .call(let call) = buffer.first {
                buffer.removeFirst()
                calls.append(call)
            }
            return calls
        }
    }

    @Test(arguments: UInt64(0)..<200) func callsRunWhereMarksInAQueueWould(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var (calls, marks) = (PlacedCalls(), Marks())
        var requests: [PerformRequest] = []
        for _ in 0..<400 {
            let count = Int.random(in: 0...4, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: marks.inbox += Array(repeating: .event, count: count)
            case 1: marks.handle(count, emitting: Int.random(in: 0...4, using: &generator))
            case 2: marks.deliver(count)
            case 3:
                marks.dropNewest(count)
                calls.cut(at: marks.departed + marks.held)
            default:
                marks.inbox.append(.call(requests.count))
                requests.append(PerformRequest())
                calls.append(requests[requests.count - 1], behind: marks.received)
            }
            let (taken, departed, end) = (marks.taken, marks.departed, marks.departed + marks.held)
            var run: [Int] = []
            while let request = calls.next(taken: taken, departed: departed, end: end) {
                run.append(requests.firstIndex { $0 === request } ?? -1)
            }
            #expect(!calls.canGoOn(taken: taken, departed: departed), "Its task would spin, seed \(seed)")
            guard run == marks.run() else {
                Issue.record("Calls \(run) ran at another place, seed \(seed)")
                return
            }
        }
    }
}
