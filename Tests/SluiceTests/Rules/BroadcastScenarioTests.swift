import Sluice
import SluiceTesting
import Testing

/// GenStage's scenarios A5 to A7, B7 and B8: everyone in step.
@Suite struct BroadcastScenarioTests {
    typealias BatchSink = DemandRuleTests.BatchSink

    @Test("A5: two consumers of different windows get the same, in steps of the smaller one")
    func inStep() throws {
        try underEachSchedule { clock in
            let (first, second) = (Log<[Int]>(), Log<[Int]>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher()) { Counter(end: 1500) }
                try await stages.start { BatchSink(log: first) }
                    .subscribe(to: numbers, as: .init(), maxDemand: 10, minDemand: 0)
                try await stages.start { BatchSink(log: second) }
                    .subscribe(to: numbers, as: .init(), maxDemand: 20, minDemand: 0)
            }
            #expect(first.all.contains(Array(1000..<1010)) && first.all.allSatisfy { $0.count == 10 })
            // Two messages that wait are handled as one.
            #expect(second.all.allSatisfy { [10, 20].contains($0.count) && $0[0] % 10 == 0 })
            #expect(first.all.flatMap { $0 } == Array(0..<1500) && second.all.flatMap { $0 } == Array(0..<1500))
        }
    }

    @Test("A6: a consumer that never asks holds everyone up, until it leaves")
    func silent() throws {
        try underEachSchedule { clock in
            let logs = [Log<Int>(), Log<Int>()]
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher()) { Counter(end: 100) }
                let silent = try await stages.start(ConsumerProbe<Int>()).subscribe(to: numbers, as: .init())
                for log in logs {
                    try await stages.start { Collector(log: log) }.subscribe(to: numbers, as: .init(), maxDemand: 10)
                }
                stages.go()
                await settle(clock)
                #expect(logs.allSatisfy { $0.all.isEmpty })
                silent.cancel()
            }
            for log in logs { #expect(log.all == Array(0..<100)) }
        }
    }

    @Test("A7: a source is asked once for what all want")
    func askedOnce() throws {
        try underEachSchedule { clock in
            let probe = ProducerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start(dispatcher: BroadcastDispatcher()) { probe.stage($0) }
                for maxDemand in [10, 20] {
                    try await stages.start { Collector(log: Log<Int>()) }
                        .subscribe(to: source, as: .init(), maxDemand: maxDemand, minDemand: 0)
                }
                stages.go()
                try await probe.expectDemand(10)
                await settle(clock)
                #expect(probe.demands == [10])
                probe.finish()
            }
        }
    }

    @Test("B7, B8: a stage between in front of everyone; one that never asks holds it up until it leaves")
    func stageBetween() throws {
        try underEachSchedule { clock in
            let (first, second) = (Log<[Int]>(), Log<[Int]>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start { Counter(end: 500) }
                let doubled = stages.start(dispatcher: BroadcastDispatcher()) { DemandRuleTests.Doubler() }
                try await doubled.stage.subscribe(to: numbers, maxDemand: 10)
                let silent = try await stages.start(ConsumerProbe<Int>()).subscribe(to: doubled, as: .init())
                try await stages.start { BatchSink(log: first) }
                    .subscribe(to: doubled, as: .init(), maxDemand: 10, minDemand: 0)
                try await stages.start { BatchSink(log: second) }
                    .subscribe(to: doubled, as: .init(), maxDemand: 20, minDemand: 0)
                stages.go()
                await settle(clock)
                #expect(first.all.isEmpty && second.all.isEmpty)
                silent.cancel()
            }
            #expect(first.all.contains((200..<205).flatMap { [$0, $0] }))
            for log in [first, second] { #expect(log.all.flatMap { $0 } == (0..<1000).map { $0 / 2 }) }
        }
    }
}
