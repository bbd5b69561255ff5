import Testing

@testable import Sluice

@Suite struct RoundRobinDispatcherTests {
    typealias Bench = DispatcherBench<RoundRobinDispatcher<Int>>

    private func bench(demands: [Int]) throws -> Bench {
        var bench = Bench(RoundRobinDispatcher())
        for (number, demand) in demands.enumerated() {
            try bench.subscribe(number, ())
            if demand > 0 { _ = bench.ask(demand, by: number) }
        }
        return bench
    }

    @Test func whatIsThereIsDividedEvenlyWhateverTheWindowsAre() throws {
        var bench = try bench(demands: [100, 5, 10])
        expect(
            bench.dispatch(Array(0..<9)) == [
                .init(to: 0, events: [0, 1, 2]), .init(to: 1, events: [3, 4, 5]), .init(to: 2, events: [6, 7, 8]),
            ]
        )
    }

    @Test func aSingleEventGoesToTheNextInTurn() throws {
        var bench = try bench(demands: [9, 9, 9])
        expect((0..<7).flatMap { bench.dispatch([$0]) }.map(\.to) == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test func whoHasNoDemandMissesATurnAndALeaverShiftsNone() throws {
        var bench = try bench(demands: [9, 0, 9, 9])
        expect((0..<2).flatMap { bench.dispatch([$0]) }.map(\.to) == [0, 2])
        _ = bench.cancel(0)
        expect((0..<3).flatMap { bench.dispatch([$0]) }.map(\.to) == [3, 2, 3])
    }

    @Test func whatNobodyWantsIsLeft() throws {
        var bench = try bench(demands: [1, 2])
        expect(bench.dispatch([0, 1, 2, 3]).flatMap(\.events).sorted() == [0, 1, 2])
        expect(bench.queue.array == [3] && bench.dispatcher.capacity == 0)
    }
}
