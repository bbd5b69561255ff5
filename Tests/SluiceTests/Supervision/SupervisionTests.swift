import SluiceTesting
import Testing

@testable import Sluice

/// Stages that are started afresh: who, when, and what becomes of the events.
@Suite struct SupervisionTests {
    /// Counts from where its value began, and fails when it is told to.
    struct FragileSource: Producer {
        var next = 0
        let failsAt: Int?
        mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
            if let failsAt, next >= failsAt { throw Broken() }
            defer { next += 2 }
            return next < 10 ? [next, next + 1] : nil
        }
    }

    /// Fails on one event, each time that it sees it.
    struct FragileSink: Consumer {
        let poison: Int
        let log: Log<Int>
        mutating func handleEvents(_ events: [Int]) async throws {
            if events.contains(poison) { throw Broken() }
            log.append(events)
        }
    }

    struct FragileRelay: ProducerConsumer {
        let poison: Int
        mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
            if events.contains(poison) { throw Broken() }
            return events
        }
    }

    @Test func aFailedConsumerLosesWhatItHadInHandAndNothingElse() throws {
        try underEachSchedule { clock in
            let (log, lost, reports) = (Log<Int>(), Log<Int>(), Log<String>())
            let report: @Sendable (GraphReport) -> Void = { reports.append(["\($0)"]) }
            try await withStages(clock: clock, reporting: report) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(1)))
                let source = stages.start { Counter(end: 20) }
                let sink = group.start("sink", lost: { events, _ in lost.append(events) }) {
                    FragileSink(poison: 7, log: log)
                }
                try await sink.subscribe(to: source, maxDemand: 4)
            }
            #expect(lost.all.contains(7) && lost.all.count <= 4)
            #expect((log.all + lost.all).sorted() == Array(0..<20))
            #expect(log.all == log.all.sorted())
            #expect(reports.all.count == 1 && reports.all[0].contains("sink"))
        }
    }

    @Test func aFailedStageBetweenKeepsItsSubscriptionsAndWhatItHasEmitted() throws {
        try underEachSchedule { clock in
            let (log, lost) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(1)))
                let source = stages.start { Counter(end: 30) }
                let relay = group.start(lost: { events, _ in lost.append(events) }) { FragileRelay(poison: 12) }
                let sink = stages.start { Collector(log: log) }
                try await relay.subscribe(to: source, maxDemand: 6)
                try await sink.subscribe(to: relay, maxDemand: 3)
            }
            #expect(lost.all.contains(12))
            #expect((log.all + lost.all).sorted() == Array(0..<30))
            #expect(log.all == log.all.sorted())
        }
    }

    @Test func aFailedSourceIsMadeAfreshAndStillOwesWhatItOwed() throws {
        try underEachSchedule { clock in
            let (log, lives) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(1)))
                let source = group.start {
                    lives.append([1])
                    return FragileSource(failsAt: lives.all.count == 1 ? 4 : nil)
                }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source, maxDemand: 100)
            }
            #expect(log.all == [0, 1, 2, 3] + Array(0..<10))
        }
    }

    @Test func aGroupThatHasForgivenEnoughFailsTheGraphWithTheLastCause() throws {
        try underEachSchedule { clock in
            let reports = Log<GraphReport>()
            await #expect(throws: Broken()) {
                try await withStages(clock: clock, reporting: { reports.append([$0]) }) { stages in
                    let group = stages.group(restart: .upTo(2, within: .seconds(1)))
                    let source = group.start("fragile") { FragileSource(failsAt: 0) }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                }
            }
            let consequences = reports.all.map { report -> GraphReport.Consequence? in
                if case .failed("fragile", is Broken, let consequence) = report { consequence } else { nil }
            }
            #expect(consequences == [.restart(["fragile"]), .restart(["fragile"]), .graphFailure])
        }
    }

    @Test func theWaitBeforeARestartIsOnTheGraphsClock() throws {
        try underEachSchedule { clock in
            let lives = Log<Duration>()
            let begin = clock.now
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let backoff = Backoff(base: .seconds(1), maximum: .seconds(2))
                    let group = stages.group(restart: .upTo(3, within: .seconds(60), backoff: backoff))
                    let source = group.start {
                        lives.append([begin.duration(to: clock.now)])
                        return FragileSource(failsAt: 0)
                    }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                }
            }
            #expect(lives.all == [.zero, .seconds(1), .seconds(3), .seconds(5)])
        }
    }

    @Test func oneForAllInterruptsTheOthersAndStartsThemAfreshTogether() throws {
        try underEachSchedule { clock in
            let (made, log) = (Log<String>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(1)), strategy: .oneForAll)
                let source = group.start {
                    made.append(["source"])
                    return WaitingSource(clock: clock, answer: made.all.count > 2 ? .lastEvents([1]) : .rethrow)
                }
                let failing = group.start {
                    made.append(["sink"])
                    return Collector(log: log)
                }
                try await failing.subscribe(to: source)
                stages.go()
                await settle(clock)
                let bomb = stages.start { Counter(end: 1) }
                let second = group.start { FragileSink(poison: made.all.count > 2 ? 99 : 0, log: log) }
                try await second.subscribe(to: bomb)
                await settle(clock)
                #expect(made.all.sorted() == ["sink", "sink", "source", "source"])
                stages.drain()
            }
        }
    }

    @Test func aStageThatIgnoresItsInterruptionIsWaitedFor() throws {
        try underEachSchedule { clock in
            let (made, gate) = (Log<String>(), Gate())
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(1)), strategy: .oneForAll)
                let stubborn = group.start { WaitingSource(clock: clock, answer: .ignore(gate)) }
                let sink = stages.start { Collector(log: Log<Int>()) }
                try await sink.subscribe(to: stubborn)
                let bomb = stages.start { Counter(end: 1) }
                let failing = group.start {
                    made.append(["failing"])
                    return FragileSink(poison: made.all.count == 1 ? 0 : 99, log: Log<Int>())
                }
                stages.go()
                await settle(clock)
                try await failing.subscribe(to: bomb)
                await settle(clock)
                #expect(made.all.count == 1, "Nobody starts before all have stopped")
                gate.open()
                await settle(clock)
                #expect(made.all.count == 2)
            }
        }
    }

    @Test func callsWaitForTheNextLife() throws {
        try underEachSchedule { clock in
            try await withStages(clock: clock) { stages in
                let backoff = Backoff(base: .seconds(5), maximum: .seconds(5))
                let group = stages.group(restart: .upTo(1, within: .seconds(60), backoff: backoff))
                let lives = Log<Int>()
                let source = group.start {
                    lives.append([1])
                    return FragileSource(failsAt: lives.all.count == 1 ? 0 : nil)
                }
                let sink = stages.start { Collector(log: Log<Int>()) }
                try await sink.subscribe(to: source, maxDemand: 2)
                stages.go()
                await settle(clock)
                let begin = clock.now
                let life = try await source.perform { _ in lives.all.count }
                #expect(life == 2 && begin.duration(to: clock.now) > .seconds(4))
            }
        }
    }

    @Test func subscribingToAStageThatWaitsForItsRestartIsAccepted() throws {
        try underEachSchedule { clock in
            let log = Log<Int>()
            try await withStages(clock: clock) { stages in
                let backoff = Backoff(base: .seconds(5), maximum: .seconds(5))
                let group = stages.group(restart: .upTo(1, within: .seconds(60), backoff: backoff))
                let lives = Log<Int>()
                let source = group.start {
                    lives.append([1])
                    if lives.all.count == 1 { throw Broken() }
                    return Counter(end: 5)
                }
                await settle(clock)
                #expect(lives.all.count == 1)
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source)
            }
            #expect(log.all == Array(0..<5))
        }
    }

    @Test func aDrainEndsASourceThatWaitsForItsRestart() throws {
        try underEachSchedule { clock in
            let begin = clock.now
            try await withStages(clock: clock) { stages in
                let backoff = Backoff(base: .seconds(1000), maximum: .seconds(1000))
                let group = stages.group(restart: .upTo(1, within: .seconds(60), backoff: backoff))
                let source = group.start { FragileSource(failsAt: 2) }
                let sink = stages.start { Collector(log: Log<Int>()) }
                try await sink.subscribe(to: source)
                stages.go()
                await settle(clock)
                stages.drain()
            }
            #expect(begin.duration(to: clock.now) < .seconds(10))
        }
    }

    @Test func cancellingTheGraphEndsAWaitForARestart() throws {
        try underEachSchedule { clock in
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    let backoff = Backoff(base: .seconds(1000), maximum: .seconds(1000))
                    let group = stages.group(restart: .upTo(1, within: .seconds(60), backoff: backoff))
                    let source = group.start { FragileSource(failsAt: 0) }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: source)
                    stages.go()
                    await settle(clock)
                    stages.cancel()
                }
            }
        }
    }

    @Test func aManualStageIsToldAgainOfItsSubscriptionAndWhatIsOwed() throws {
        struct Manual: ManualConsumer {
            let owed: Log<Int>
            let poison: Int
            mutating func subscribed(_ subscription: ManualSubscription) async throws {
                owed.append([subscription.outstanding])
                subscription.ask(3 - subscription.outstanding)
            }
            mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
                if events.contains(poison) { throw Broken() }
                subscription.ask(events.count)
            }
        }
        try underEachSchedule { clock in
            let (owed, lost) = (Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(1)))
                let source = stages.start { Counter(end: 20) }
                let sink = group.start(lost: { events, _ in lost.append(events) }) { Manual(owed: owed, poison: 10) }
                try await sink.subscribe(to: source)
            }
            #expect(owed.all.count == 2 && owed.all[0] == 0 && owed.all[1] <= 2)
            #expect(lost.all.contains(10))
        }
    }

    /// Keeps three events asked for, and fails on one of them after a while.
    struct WindowOfThree: ManualConsumer {
        let clock: TestClock
        let poison: Int
        let owed: Log<Int>
        let log: Log<Int>
        mutating func subscribed(_ subscription: ManualSubscription) async throws {
            owed.append([subscription.outstanding])
            subscription.ask(3 - subscription.outstanding)
        }
        mutating func handleEvents(_ events: [Int], from subscription: ManualSubscription) async throws {
            try await clock.sleep(for: .seconds(1))
            if events.contains(poison) { throw Broken() }
            log.append(events)
            subscription.ask(events.count)
        }
    }

    @Test func whatWaitsForAManualStageIsStillOwedToItsNextLife() throws {
        try underEachSchedule { clock in
            let (owed, log, source) = (Log<Int>(), Log<Int>(), ProducerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(10)))
                let sink = group.start { WindowOfThree(clock: clock, poison: 1, owed: owed, log: log) }
                try await sink.subscribe(to: stages.start(source))
                stages.go()
                source.send([1])
                await settle(clock)
                source.send([2, 3])
                try await clock.sleep(for: .seconds(2))
                source.send([4, 5])
                source.finish()
            }
            #expect(owed.all == [0, 2])
            #expect(log.all == [2, 3, 4, 5])
        }
    }

    @Test func whatAPauseHoldsBackIsAskedForOnceAcrossARestart() throws {
        try underEachSchedule { clock in
            let (owed, log, source) = (Log<Int>(), Log<Int>(), ProducerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(10)))
                let sink = group.start { WindowOfThree(clock: clock, poison: 2, owed: owed, log: log) }
                let subscription = try await sink.subscribe(to: stages.start(source))
                stages.go()
                await settle(clock)
                subscription.pause()
                source.send([1])
                try await clock.sleep(for: .seconds(2))
                source.send([2])
                try await clock.sleep(for: .seconds(2))
                #expect(owed.all == [0, 2], "One is on its way, and one is held back")
                subscription.resume()
                try await source.expectDemand(3)
                source.finish()
            }
            #expect(log.all == [1])
        }
    }

    @Test func aPoolThatFailsGoesOnWithWhatWaitsInIt() throws {
        try underEachSchedule { clock in
            let (done, lost) = (Log<Int>(), Log<Int>())
            let failures = Log<Int>()
            try await withStages(clock: clock) { stages in
                let group = stages.group(restart: .upTo(1, within: .seconds(1)))
                let source = stages.start { Counter(end: 12) }
                let pool = group.start(lost: { events, _ in lost.append(events) }) {
                    WorkerPool<Int, Void>(concurrency: 3) { event in
                        try await clock.sleep(for: .milliseconds(10))
                        if event == 5 {
                            failures.append([event])
                            throw Broken()
                        }
                        done.append([event])
                    }
                }
                try await pool.subscribe(to: source, maxDemand: 6)
            }
            #expect(failures.all == [5])
            #expect(lost.all.contains(5) && lost.all.count <= 3, "At most what the workers had in hand")
            #expect((done.all + lost.all).sorted() == Array(0..<12))
        }
    }

    @Test func aStageThatItsGroupHasEndedDoesNotComeBackWhateverItThrowsLater() throws {
        /// Takes no notice of being cancelled, and throws when the gate opens.
        struct Stubborn: Producer {
            let gate: Gate
            mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
                await gate.wait()
                throw Broken()
            }
        }
        try underEachSchedule { clock in
            let (made, first, second) = (Log<String>(), Gate(), Gate())
            try await withStages(clock: clock) { stages in
                let group = stages.group(
                    restart: .upTo(1, within: .seconds(1)),
                    strategy: .restForOne,
                    surrender: .endStages
                )
                let failing = group.start {
                    // So that the other one lives before this one fails.
                    try await clock.sleep(for: .milliseconds(10))
                    return FragileSource(failsAt: 0)
                }
                let stubborn = group.start {
                    made.append(["stubborn"])
                    return Stubborn(gate: made.all.count == 1 ? first : second)
                }
                let sink = stages.start { Collector(log: Log<Int>()) }
                try await sink.subscribe(to: stubborn, mode: .temporary)
                stages.go()
                await settle(clock)
                try await sink.subscribe(to: failing, mode: .temporary)
                try await clock.sleep(for: .milliseconds(100))
                first.open()
                try await clock.sleep(for: .milliseconds(100))
                #expect(made.all.count == 2, "Its second life is ended with the group")
                // Long enough that the group would forgive again.
                try await clock.sleep(for: .seconds(10))
                second.open()
                await settle(clock)
                #expect(made.all.count == 2)
            }
        }
    }

    @Test func aGroupInsideOfAGroupFailsAsAWhole() throws {
        try underEachSchedule { clock in
            let made = Log<String>()
            await #expect(throws: Broken()) {
                try await withStages(clock: clock) { stages in
                    let outer = stages.group(restart: .upTo(1, within: .seconds(9)), strategy: .oneForAll)
                    let inner = outer.group(restart: .upTo(1, within: .seconds(9)))
                    let steady = outer.start {
                        made.append(["steady"])
                        return WaitingSource(clock: clock, answer: .rethrow)
                    }
                    let fragile = inner.start {
                        made.append(["fragile"])
                        try await clock.sleep(for: .seconds(1))
                        return FragileSource(failsAt: 0)
                    }
                    let sink = stages.start { Collector(log: Log<Int>()) }
                    try await sink.subscribe(to: steady)
                    try await sink.subscribe(to: fragile)
                    await settle(clock)
                }
            }
            #expect(made.all.count { $0 == "fragile" } == 4, "Twice in each life of the outer group")
            #expect(made.all.count { $0 == "steady" } == 2)
        }
    }
}
