import SluiceTesting
import Testing

@testable import Sluice

/// GenStage's `from_enumerable` (section 1.11), which here never waits to fill a batch.
@Suite struct SequenceSourceTests {
    @Test func aSequenceIsEmittedInOrderAndThenTheStageEnds() throws {
        try underEachSchedule { clock in
            for count in [0, 1, 9, 10, 11, 3000] {
                let log = Log<Int>()
                try await withStages(clock: clock) { stages in
                    let source = stages.start { SequenceSource(0..<count) }
                    let sink = stages.start { Collector(log: log) }
                    try await sink.subscribe(to: source, maxDemand: 10)
                }
                #expect(log.all == Array(0..<count))
            }
        }
    }

    @Test func itIsIteratedOnlyAsFarAsTheDemand() throws {
        try underEachSchedule { clock in
            let taken = Log<Int>()
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start {
                    SequenceSource(
                        sequence(first: 0) {
                            taken.append([$0 + 1])
                            return $0 + 1
                        }
                    )
                }
                let to = stages.start { sink.stage() }
                let subscription = try await to.subscribe(to: source)
                stages.go()
                sink.ask(4)
                await settle(clock)
                #expect(sink.events == [0, 1, 2, 3])
                #expect(taken.all == [1, 2, 3])
                subscription.cancel()
            }
        }
    }

    @Test func aHugeDemandOfAnEndlessSequenceIsAnsweredInPieces() async throws {
        var source = SequenceSource(repeatElement(1, count: .max))
        let events = try #require(await source.handleDemand(1 << 40))
        #expect(events.count == 1024)
    }
}
