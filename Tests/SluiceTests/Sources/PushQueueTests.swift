import SluiceTesting
import Testing

@testable import Sluice

@Suite struct PushQueueTests {
    typealias Queue = PushQueue<Int>

    /// A queue, and what it said; every waiting send gets a waiter with its own number.
    struct Bench: ~Copyable {
        var queue: Queue
        var resumed: [Int: Bool] = [:]
        var wakes = 0
        var dropped: [Int] = []

        init(capacity: Int) {
            queue = Queue(capacity: capacity)
        }

        mutating func note(_ effects: Queue.Effects) {
            for resumption in effects.resumed {
                expect(resumed[resumption.waiter] == nil, "A waiter was resumed twice")
                if case .success = resumption.outcome {
                    resumed[resumption.waiter] = true
                } else {
                    resumed[resumption.waiter] = false
                }
            }
            wakes += effects.wakes ? 1 : 0
            dropped += effects.dropped.flatMap { $0.array(of: Int.self) }
        }

        /// - Returns: The number of the send if it waits; -1 if it was accepted; nil if it was refused.
        mutating func send(_ events: Int..., parks: Bool = true) -> Int? {
            switch offer(events) {
            case .accepted(let effects):
                note(effects)
                return -1
            case .refused:
                return nil
            case .waits(let number):
                if parks, queue.park(number, for: number) != nil { Issue.record("It cannot be settled yet") }
                return number
            }
        }

        mutating func offer(_ events: [Int]) -> Queue.Offer {
            events.count == 1 ? queue.offer { $0.append(events[0]) } : queue.offer(EventBatch(events))
        }

        mutating func take(_ demand: Int) throws -> [Int]? {
            let (events, effects) = try queue.take(demand)
            note(effects)
            return events?.array()
        }

        mutating func cancel(_ number: Int) { note(queue.cancel(number)) }
        mutating func close(failing error: (any Error)? = nil) { note(queue.close(failing: error)) }
        mutating func end() { note(queue.end(Broken())) }
    }

    @Test func sendsEnterWhileThereIsRoomAndThenWait() throws {
        var bench = Bench(capacity: 2)
        expect(bench.send(1) == -1)
        expect(bench.send(2) == -1)
        expect(bench.send(3) == 0)
        expect(bench.send(4) == 1)
        expect(try bench.take(1) == [1])
        expect(bench.resumed == [0: true])
        expect(bench.queue.unsent == [2, 3])
        expect(try bench.take(10) == [2, 3, 4], "One call takes what waits as well")
        expect(bench.resumed == [0: true, 1: true])
        expect(try bench.take(10) == [])
    }

    @Test func aSendEntersWholeAndNobodyPassesIt() throws {
        var bench = Bench(capacity: 3)
        expect(bench.send(1, 2) == -1)
        expect(bench.send(3, 4) == 0)
        expect(bench.send(5) == 1, "There is room for it, but others were first")
        expect(try bench.take(1) == [1])
        expect(bench.queue.unsent == [2, 3, 4])
        expect(bench.resumed == [0: true])
        expect(try bench.take(2) == [2, 3])
        expect(bench.resumed == [0: true, 1: true])
        expect(try bench.take(2) == [4, 5])
    }

    @Test func oneSendOfAnySizeEntersAnEmptyBuffer() throws {
        var bench = Bench(capacity: 1)
        expect(bench.send(1, 2, 3) == -1)
        expect(bench.send(4, 5) == 0)
        expect(try bench.take(2) == [1, 2])
        expect(bench.resumed.isEmpty)
        expect(try bench.take(2) == [3, 4])
        expect(bench.resumed == [0: true])
        expect(bench.send() == -1, "Nothing always fits")
    }

    @Test func aCancelledSendLeavesNothingBehindAndMakesRoom() throws {
        var bench = Bench(capacity: 2)
        expect(bench.send(1) == -1)
        expect(bench.send(2, 3) == 0)
        expect(bench.send(4) == 1)
        bench.cancel(0)
        expect(bench.resumed == [0: false, 1: true])
        expect(bench.dropped == [2, 3])
        expect(bench.queue.unsent == [1, 4])
        bench.cancel(0)
        bench.cancel(1)
        expect(try bench.take(5) == [1, 4], "An accepted send cannot be taken back")
    }

    @Test func theOutcomeIsKeptForASendThatHasNoWaiterYet() throws {
        var bench = Bench(capacity: 1)
        _ = bench.send(1)
        expect(bench.send(2, parks: false) == 0)
        expect(bench.send(3, parks: false) == 1)
        expect(bench.send(4, parks: false) == 2)
        bench.cancel(1)
        expect(try bench.take(1) == [1])
        bench.end()
        expect(bench.resumed.isEmpty)
        #expect(throws: Never.self) { try bench.queue.park(0, for: 0)?.get() }
        #expect(throws: CancellationError.self) { try bench.queue.park(1, for: 1)?.get() }
        #expect(throws: Broken.self) { try bench.queue.park(2, for: 2)?.get() }
    }

    @Test func finishingEmitsWhatWasSentBeforeAndThenEnds() throws {
        var bench = Bench(capacity: 1)
        _ = bench.send(1)
        _ = bench.send(2)
        bench.close()
        bench.close(failing: Broken())
        expect(bench.send(3) == nil)
        expect(bench.send() == nil)
        expect(try bench.take(1) == [1])
        expect(bench.resumed == [0: true])
        expect(try bench.take(1) == [2])
        expect(try bench.take(1) == nil)
    }

    @Test func failingEmitsWhatWasSentBeforeAndThenThrows() throws {
        var bench = Bench(capacity: 1)
        _ = bench.send(1)
        bench.close(failing: Broken())
        bench.close()
        expect(try bench.take(1) == [1])
        #expect(throws: Broken()) { try bench.take(1) }
    }

    @Test func theEndOfTheStageFailsWhoWaitsAndWhoComes() throws {
        var bench = Bench(capacity: 1)
        _ = bench.send(1)
        _ = bench.send(2)
        bench.end()
        bench.end()
        bench.close()
        expect(bench.resumed == [0: false])
        expect(bench.dropped == [2])
        expect(bench.send(3) == nil)
        expect(bench.queue.unsent == [1])
    }

    @Test func theStageIsWokenOnceWhenItHadNothing() throws {
        var bench = Bench(capacity: 5)
        _ = bench.send(1)
        expect(bench.wakes == 0, "It has not looked yet")
        _ = try bench.take(1)
        _ = bench.send(2)
        expect(bench.wakes == 0, "It comes back by itself after it has found something")
        _ = try bench.take(1)
        expect(try bench.take(1) == [])
        _ = bench.send(3)
        _ = bench.send(4)
        expect(bench.wakes == 1)
        _ = try bench.take(5)
        _ = try bench.take(5)
        bench.close()
        expect(bench.wakes == 2)
    }

    /// A random walk beside a list of what was offered.
    @Test func nothingIsLostOrDoubledAndNobodyPassesAnother() throws {
        for seed in UInt64(0)..<500 {
            var random = SeededGenerator(seed: seed)
            var bench = Bench(capacity: Int.random(in: 1...6, using: &random))
            // Every send that was offered and not taken back, in order.
            var sends: [(number: Int, events: [Int])] = []
            var emitted: [Int] = []
            var next = 0
            var isIdle = false
            for _ in 0..<200 {
                let wakes = bench.wakes
                var brings = false
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<4:
                    let events = Array(next..<next + Int.random(in: 1...4, using: &random))
                    next += events.count
                    switch bench.offer(events) {
                    case .accepted(let effects):
                        bench.note(effects)
                        brings = true
                        sends.append((-1, events))
                    case .waits(let number):
                        expect(bench.queue.park(number, for: number) == nil)
                        sends.append((number, events))
                    case .refused:
                        Issue.record("It is open")
                    }
                case 4..<6:
                    let waiting = sends.filter { $0.number >= 0 && bench.resumed[$0.number] == nil }
                    guard let send = waiting.randomElement(using: &random) else { continue }
                    bench.cancel(send.number)
                    expect(bench.resumed[send.number] == false)
                    sends.removeAll { $0.number == send.number }
                default:
                    let demand = Int.random(in: 1...7, using: &random)
                    let events = try #require(try bench.take(demand))
                    #expect(events.count <= demand)
                    emitted += events
                    isIdle = events.isEmpty
                }
                #expect(bench.wakes - wakes == (brings && isIdle ? 1 : 0))
                if brings { isIdle = false }
                let accepted = sends.prefix { $0.number < 0 || bench.resumed[$0.number] == true }
                let waiting = sends.dropFirst(accepted.count)
                #expect(waiting.allSatisfy { $0.number >= 0 && bench.resumed[$0.number] == nil })
                let buffered = bench.queue.unsent.array(of: Int.self)
                #expect(emitted + buffered == accepted.flatMap(\.events))
                #expect(buffered.count <= max(bench.queue.capacity, accepted.last?.events.count ?? 0))
                if let first = waiting.first {
                    #expect(!buffered.isEmpty && buffered.count + first.events.count > bench.queue.capacity)
                }
            }
        }
    }
}

private func == (left: PushQueue<Int>.Outcome?, right: _OptionalNilComparisonType) -> Bool {
    if case .none = left { true } else { false }
}
