import Testing

@testable import Sluice

/// GenStage's scenarios J10 to J19, told by the capacity: what a consumer that leaves had asked for is forgotten.
@Suite struct BroadcastDispatcherTests {
    typealias Bench = DispatcherBench<BroadcastDispatcher<Int>>

    private func bench(_ consumers: Int) throws -> Bench {
        var bench = Bench(BroadcastDispatcher())
        for number in 0..<consumers { try bench.subscribe(number, .init()) }
        return bench
    }

    @Test("J10: without a consumer everything is left")
    func nobody() throws {
        var bench = try bench(1)
        _ = bench.ask(10, by: 0)
        expect(bench.dispatcher.capacity == 10)
        _ = bench.cancel(0)
        expect(bench.dispatch([1]).isEmpty && bench.queue.count == 1 && bench.dispatcher.capacity == 0)
    }

    @Test("J11, J12: the slowest sets the pace, and a leaver holds nobody up")
    func leaver() throws {
        var bench = try bench(2)
        _ = bench.ask(10, by: 0)
        expect(bench.dispatcher.capacity == 0)
        expect(bench.dispatch([1, 2]).isEmpty)
        expect(bench.cancel(1) == [.init(to: 0, events: [1, 2])])
        expect(bench.dispatcher.capacity == 8)
    }

    @Test("J13: each event goes to all at once, in order, as far as all want")
    func lockstep() throws {
        var bench = try bench(2)
        _ = bench.ask(3, by: 0)
        _ = bench.ask(2, by: 1)
        expect(bench.dispatch([1, 2]) == [.init(to: 0, events: [1, 2]), .init(to: 1, events: [1, 2])])
        _ = bench.ask(2, by: 1)
        expect(bench.dispatch([3, 4]) == [.init(to: 0, events: [3]), .init(to: 1, events: [3])])
        expect(bench.queue.count == 1)
        expect(bench.ask(1, by: 0) == [.init(to: 0, events: [4]), .init(to: 1, events: [4])])
    }

    @Test("J13, J14: a late joiner gets what leaves after its first ask")
    func lateJoiner() throws {
        var bench = try bench(1)
        _ = bench.ask(10, by: 0)
        expect(bench.dispatch([1]) == [.init(to: 0, events: [1])])
        try bench.subscribe(1, .init())
        expect(bench.dispatch([2]).isEmpty)
        expect(bench.ask(5, by: 1) == [.init(to: 0, events: [2]), .init(to: 1, events: [2])])
    }

    @Test("J15, J16: what a leaver had asked for is forgotten, and nobody waits for it")
    func demandOfALeaver() throws {
        var bench = try bench(1)
        _ = bench.ask(10, by: 0)
        _ = bench.cancel(0)
        try bench.subscribe(1, .init())
        _ = bench.ask(5, by: 1)
        expect(bench.dispatcher.capacity == 5)
        expect(bench.dispatch([1, 2, 3]) == [.init(to: 1, events: [1, 2, 3])])
        try bench.subscribe(2, .init())
        _ = bench.ask(4, by: 1)
        expect(bench.dispatcher.capacity == 0)
        _ = bench.cancel(2)
        expect(bench.dispatcher.capacity == 6)
    }

    @Test("J17: what a selector rejects costs no demand, and what nobody wants is discarded")
    func selectors() throws {
        var bench = try bench(0)
        try bench.subscribe(0, .init { $0 % 2 == 0 })
        try bench.subscribe(1, .init { $0 % 3 == 0 })
        _ = bench.ask(3, by: 0)
        _ = bench.ask(2, by: 1)
        let messages = bench.dispatch([1, 2, 3, 4, 5, 6])
        let even = messages.filter { $0.to == 0 }.flatMap(\.events)
        let third = messages.filter { $0.to == 1 }.flatMap(\.events)
        expect(even == [2, 4, 6] && third == [3, 6])
        expect(bench.queue.isEmpty && bench.dispatcher.capacity == 0)
        expect(bench.discarded.flatMap(\.events) == [1, 5] && bench.discarded.allSatisfy { $0.reason == .unwanted })
    }

    @Test func aLaggardThatDropsLosesItsOldest() throws {
        var bench = try bench(1)
        try bench.subscribe(1, .init(pace: .dropping(lag: 2)))
        _ = bench.ask(5, by: 0)
        expect(bench.dispatch([1, 2, 3]) == [.init(to: 0, events: [1, 2, 3])])
        expect(bench.dispatcher.held == 2)
        expect(bench.discarded.map(\.events) == [[1]])
        expect(bench.discarded.map(\.reason) == [.lagging(SubscriptionID(number: 1))])
        expect(bench.ask(9, by: 1) == [.init(to: 1, events: [2, 3])])
    }

    @Test func aLaggardThatIsToBeDisconnectedLeavesTheOthersAlone() throws {
        var bench = try bench(1)
        try bench.subscribe(1, .init(pace: .disconnecting(lag: 1)))
        _ = bench.ask(5, by: 0)
        expect(bench.dispatch([1, 2]) == [.init(to: 0, events: [1, 2])])
        expect(bench.disconnected == [1] && bench.dispatcher.held == 0)
        expect(bench.ask(1, by: 1).isEmpty)
        expect(bench.dispatch([3]) == [.init(to: 0, events: [3])])
    }
}
