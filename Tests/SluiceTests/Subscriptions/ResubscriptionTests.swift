import SluiceTesting
import Testing

@testable import Sluice

/// A live subscription that wants something else keeps what it has asked for and what waits for it.
@Suite struct ResubscriptionTests {
    @Test("F11, F15: a consumer moves to another partition with its demand") func moving() throws {
        try underEachSchedule { clock in
            let (mover, other) = (ConsumerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let dispatcher = PartitionDispatcher<Int, Int>(keys: [0, 1]) { .to($0 % 2) }
                let numbers = stages.start(dispatcher: dispatcher) { Counter(end: 20) }
                let first = stages.start { mover.stage() }
                let second = stages.start { other.stage() }
                let subscription = try await first.subscribe(to: numbers, as: 0)
                try await second.subscribe(to: numbers, as: 0)
                stages.go()
                mover.ask(4)
                await settle(clock)
                #expect(mover.events == [0, 2, 4, 6], "The odd ones wait in their partition")
                mover.ask(3)
                try await numbers.resubscribe(subscription, as: 1)
                await settle(clock)
                let odd = mover.events.filter { !$0.isMultiple(of: 2) }
                #expect(
                    odd.prefix(2) == [1, 3] && mover.events.count == 7,
                    "What was queued, with what it had asked for"
                )
                mover.ask(100)
                other.ask(100)
            }
            #expect((mover.events + other.events).sorted() == Array(0..<20))
        }
    }

    @Test("F12: a subscription that has ended cannot want anything else") func ended() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher<Int>()) { Counter() }
                let sink = stages.start { Collector(log: Log<Int>()) }
                let subscription = try await sink.subscribe(to: numbers, as: .init(), maxDemand: 2)
                subscription.cancel()
                _ = await subscription.end
                let error = await #expect(throws: StageError.self) {
                    try await numbers.resubscribe(subscription, as: .init())
                }
                #expect(error?.code == .refused)
            }
        }
    }

    @Test("F13: a refused change changes nothing") func refused() throws {
        try underEachSchedule { clock in
            let probe = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let dispatcher = PartitionDispatcher<Int, Int>(keys: [0, 1]) { .to($0 % 2) }
                let numbers = stages.start(dispatcher: dispatcher) { Counter(end: 10) }
                let sink = stages.start { probe.stage() }
                let subscription = try await sink.subscribe(to: numbers, as: 1)
                stages.go()
                probe.ask(2)
                let error = await #expect(throws: StageError.self) {
                    try await numbers.resubscribe(subscription, as: 7)
                }
                #expect(error?.code == .refused)
                await settle(clock)
                #expect(probe.events == [1, 3])
                probe.ask(100)
            }
            #expect(probe.events == [1, 3, 5, 7, 9])
        }
    }

    @Test("F14: a selector changes between two events, and what lags stays") func selector() throws {
        try underEachSchedule { clock in
            let (slow, fast) = (ConsumerProbe<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher<Int>()) { Counter(end: 10) }
                let first = stages.start { slow.stage() }
                let second = stages.start { fast.stage() }
                let subscription = try await first.subscribe(to: numbers, as: .init(pace: .dropping(lag: 100)))
                try await second.subscribe(to: numbers, as: .init())
                stages.go()
                fast.ask(4)
                await settle(clock)
                #expect(slow.events.isEmpty && fast.events == [0, 1, 2, 3])
                try await numbers.resubscribe(subscription, as: .init(pace: .dropping(lag: 100)) { $0 > 7 })
                slow.ask(100)
                await settle(clock)
                #expect(slow.events == [0, 1, 2, 3])
                fast.ask(100)
            }
            #expect(slow.events == [0, 1, 2, 3, 8, 9])
        }
    }

    @Test func whatWaitsForALaggingConsumerThatLeavesIsToldOf() throws {
        try underEachSchedule { clock in
            let (slow, fast) = (ConsumerProbe<Int>(), ConsumerProbe<Int>())
            let discarded = Log<Int>()
            let options = EmissionOptions<Int>(discarded: { events, reason in
                if case .abandoned = reason { discarded.append(events) }
            })
            try await withStages(clock: clock) { stages in
                let numbers = stages.start(dispatcher: BroadcastDispatcher<Int>(), options: options) {
                    Counter(end: 10)
                }
                let first = stages.start { slow.stage() }
                let second = stages.start { fast.stage() }
                let subscription = try await first.subscribe(to: numbers, as: .init(pace: .dropping(lag: 100)))
                try await second.subscribe(to: numbers, as: .init())
                stages.go()
                fast.ask(4)
                slow.ask(1)
                await settle(clock)
                subscription.cancel()
                fast.ask(100)
            }
            #expect(slow.events == [0] && discarded.all == [1, 2, 3])
        }
    }
}
