import SluiceTesting
import Testing

@testable import Sluice

@Suite struct WindowTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let window: @Sendable () -> Window<Int>
        let windows: [[Int]]
        let rest: [[Int]]
    }

    @Test(arguments: [
        Example(
            testDescription: "tumbling",
            window: { Window(count: 3) },
            windows: [[1, 2, 3], [4, 5, 6]],
            rest: [[7, 8]]
        ),
        Example(
            testDescription: "sliding by one",
            window: { Window(count: 3, step: 1) },
            windows: [[1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6, 7], [6, 7, 8]],
            rest: []
        ),
        Example(
            testDescription: "sliding by two",
            window: { Window(count: 3, step: 2) },
            windows: [[1, 2, 3], [3, 4, 5], [5, 6, 7]],
            rest: [[7, 8]]
        ),
        Example(
            testDescription: "with gaps",
            window: { Window(count: 2, step: 5) },
            windows: [[1, 2], [6, 7]],
            rest: []
        ),
        Example(
            testDescription: "with gaps, and a rest",
            window: { Window(count: 3, step: 6) },
            windows: [[1, 2, 3]],
            rest: [[7, 8]]
        ),
        Example(
            testDescription: "without the rest",
            window: { Window(count: 3, rest: .dropped) },
            windows: [[1, 2, 3], [4, 5, 6]],
            rest: []
        ),
        Example(testDescription: "too few events", window: { Window(count: 9) }, windows: [], rest: [Array(1...8)]),
    ])
    func windows(_ example: Example) async throws {
        for size in 1...8 {
            var window = example.window()
            var windows: [[Int]] = []
            var events = Array(1...8)[...]
            while !events.isEmpty {
                windows += window.handleEvents(Array(events.prefix(size)))
                events = events.dropFirst(size)
            }
            #expect(windows == example.windows)
            #expect(try await window.handleEnd() == example.rest)
        }
    }

    @Test func aStageOfItsOwnAndPartOfAnother() throws {
        try underEachSchedule { clock in
            let (log, sums) = (Log<[Int]>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start { SequenceSource(1...7) }
                let pairs = stages.start { Window<Int>(count: 2) }
                let sum = stages.start { Window<Int>(count: 3).map { $0.reduce(0, +) } }
                try await pairs.subscribe(to: source, maxDemand: 1)
                try await stages.start { Collector(log: log) }.subscribe(to: pairs, maxDemand: 1)
                try await sum.subscribe(to: stages.start { SequenceSource(1...7) })
                try await stages.start { Collector(log: sums) }.subscribe(to: sum)
            }
            #expect(log.all == [[1, 2], [3, 4], [5, 6], [7]])
            #expect(sums.all == [6, 15, 7])
        }
    }
}
