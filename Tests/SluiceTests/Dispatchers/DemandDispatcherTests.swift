import SluiceTesting
import Testing

@testable import Sluice

/// GenStage's scenarios J1 to J7, without its `pending`: what a consumer that leaves had asked for is forgotten.
@Suite struct DemandDispatcherTests {
    /// A dispatcher, its queue, and what it delivered.
    struct Bench {
        var dispatcher = DemandDispatcher<Int>()
        var queue = Events<Int>()
        var delivered: [Message] = []

        struct Message: Equatable {
            var to: Int
            var events: [Int]
        }

        init(subscriptions: Int) {
            for number in 0..<subscriptions { dispatcher.subscribed(SubscriptionID(number: number), options: ()) }
        }

        mutating func ask(_ count: Int, by number: Int) {
            dispatcher.asked(count, by: SubscriptionID(number: number))
        }

        mutating func cancel(_ number: Int) {
            dispatcher.cancelled(SubscriptionID(number: number))
        }

        /// - Returns: What this call delivered.
        mutating func dispatch(_ events: [Int]) -> [Message] {
            var messages: [Message] = []
            queue.append(Events(events))
            dispatcher.dispatch(&queue) { placement in
                guard case .deliver(let events, let id) = placement else { return expect(Bool(false)) }
                messages.append(Message(to: id.number, events: events.array))
            }
            delivered += messages
            return messages
        }
    }

    @Test("J7: the order among equals is drawn once, at the first dispatch") func shuffledOnce() {
        var firsts: Set<Int> = []
        for seed in UInt64(0)..<40 {
            var bench = Bench(subscriptions: 4)
            bench.dispatcher = DemandDispatcher(shufflingOnceBy: SeededGenerator(seed: seed))
            for number in 0..<4 { bench.dispatcher.subscribed(SubscriptionID(number: number), options: ()) }
            for number in 0..<4 { bench.ask(number == 3 ? 5 : 2, by: number) }
            let first = bench.dispatch([1, 2, 3])
            expect(first == [.init(to: 3, events: [1, 2, 3])], "The hungriest is not drawn")
            let drawn = bench.dispatch(Array(4...9)).map(\.to)
            expect(drawn.filter { $0 != 3 }.sorted() == [0, 1, 2])
            firsts.insert(drawn.first { $0 != 3 } ?? -1)
            _ = bench.dispatch([10, 11])
            for number in 0..<4 { bench.ask(1, by: number) }
            expect(bench.dispatch([12, 13, 14, 15]).map(\.to) == [0, 1, 2, 3], "Then who asks first comes first")
        }
        expect(firsts == [0, 1, 2])
    }

    @Test("J1: a subscription alone has no capacity, and leaving changes nothing")
    func subscribeAndCancel() {
        var bench = Bench(subscriptions: 1)
        expect(bench.dispatcher.capacity == 0)
        bench.cancel(0)
        expect(bench.dispatcher.capacity == 0)
    }

    @Test("J2: the demand of a consumer that left is forgotten, and events wait for the next consumer")
    func demandOfALeaverIsForgotten() {
        var bench = Bench(subscriptions: 1)
        bench.ask(10, by: 0)
        expect(bench.dispatcher.capacity == 10)
        bench.cancel(0)
        expect(bench.dispatcher.capacity == 0)
        expect(bench.dispatch([1, 2, 3]) == [])
        bench.dispatcher.subscribed(SubscriptionID(number: 1), options: ())
        bench.ask(5, by: 1)
        expect(bench.dispatch([]) == [.init(to: 1, events: [1, 2, 3])])
        expect(bench.dispatcher.capacity == 2)
    }

    @Test("J3: when one of two leaves, the other gets what it asked for and the rest waits")
    func oneOfTwoLeaves() {
        var bench = Bench(subscriptions: 2)
        bench.ask(3, by: 0)
        bench.ask(3, by: 1)
        bench.cancel(0)
        expect(bench.dispatch([1, 2, 3, 4, 5]) == [.init(to: 1, events: [1, 2, 3])])
        expect(bench.queue.count == 2)
    }

    @Test("J4: nobody gets more than it asked for")
    func neverMoreThanAsked() {
        var bench = Bench(subscriptions: 1)
        bench.ask(3, by: 0)
        expect(bench.dispatch([1]) == [.init(to: 0, events: [1])])
        bench.ask(3, by: 0)
        expect(bench.dispatch(Array(2...8)) == [.init(to: 0, events: [2, 3, 4, 5, 6])])
        expect(bench.dispatch([9]) == [])
        expect(bench.queue.count == 3)
    }

    @Test("J5: the hungriest comes first, and among equals the one that has waited longest")
    func hungriestFirst() {
        var bench = Bench(subscriptions: 4)
        bench.ask(4, by: 1)
        bench.ask(2, by: 2)
        bench.ask(3, by: 3)
        bench.ask(2, by: 3)
        bench.ask(4, by: 2)
        let order = bench.dispatch(Array(0..<15))
        expect(order.map(\.to) == [2, 3, 1])
        expect(order.map(\.events.count) == [6, 5, 4])
        bench.ask(2, by: 3)
        bench.ask(2, by: 1)
        expect(bench.dispatch(Array(0..<4)).map(\.to) == [3, 1])
    }

    @Test("J6: equal windows take turns")
    func equalWindowsTakeTurns() {
        var bench = Bench(subscriptions: 2)
        bench.ask(3, by: 0)
        bench.ask(2, by: 1)
        expect(bench.dispatch(Array(0..<5)) == [.init(to: 0, events: [0, 1, 2]), .init(to: 1, events: [3, 4])])
        bench.ask(3, by: 0)
        bench.ask(3, by: 1)
        expect(bench.dispatch([5, 6]) == [.init(to: 0, events: [5, 6])])
        expect(bench.dispatch([7, 8]) == [.init(to: 1, events: [7, 8])])
        expect(bench.dispatch([9, 10, 11]) == [.init(to: 0, events: [9]), .init(to: 1, events: [10])])
        expect(bench.queue.count == 1)
    }

    @Test("X, W7: random asks, leavings and events keep every law", arguments: UInt64(0)..<50)
    func randomWalk(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bench = Bench(subscriptions: 4)
        var demand = [0, 0, 0, 0]
        var live = [true, true, true, true]
        var next = 0
        for _ in 0..<300 {
            let number = Int.random(in: 0..<4, using: &generator)
            switch Int.random(in: 0..<20, using: &generator) {
            case 0 where live[number]:
                bench.cancel(number)
                (live[number], demand[number]) = (false, 0)
            case 0:
                bench.dispatcher.subscribed(SubscriptionID(number: number), options: ())
                live[number] = true
            case 1..<10:
                let count = Int.random(in: 1...5, using: &generator)
                bench.ask(count, by: number)
                if live[number] { demand[number] += count }
            default:
                let events = Array(next..<next + Int.random(in: 0...6, using: &generator))
                next += events.count
                for message in bench.dispatch(events) {
                    expect(demand[message.to] == demand.max(), "Seed \(seed)")
                    demand[message.to] -= message.events.count
                    expect(demand[message.to] >= 0, "Seed \(seed)")
                }
                expect(bench.queue.isEmpty || bench.dispatcher.capacity == 0, "Seed \(seed)")
            }
            expect(bench.dispatcher.capacity == demand.reduce(0, +), "Seed \(seed)")
        }
        expect(bench.delivered.flatMap(\.events) == Array(0..<next - bench.queue.count), "Seed \(seed)")
    }
}
