import SluiceTesting
import Testing

@testable import Sluice

@Suite struct PushSourceTests {
    private func code(_ body: () async throws -> Void) async -> StageError.Code? {
        do { try await body() } catch { return (error as? StageError)?.code }
        return nil
    }

    @Test func whatIsPushedIsEmittedInOrderAndFinishEndsTheStage() throws {
        try underEachSchedule { clock in
            let (numbers, log) = (PushSource<Int>(capacity: 3), Log<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start(from: numbers)
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source, maxDemand: 4)
                stages.go()
                for number in 0..<50 { try await numbers.send(number) }
                try await numbers.send(contentsOf: 50..<100)
                numbers.finish()
                #expect(await code { try await numbers.send(100) } == .stageEnded)
            }
            #expect(log.all == Array(0..<100))
            #expect(numbers.unsent.isEmpty)
        }
    }

    @Test func aDispatcherMayServeWhatIsPushed() throws {
        try underEachSchedule { clock in
            let (numbers, even, odd) = (PushSource<Int>(capacity: 3), Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let dispatcher = PartitionDispatcher<Int, Int>(keys: [0, 1]) { .to($0 % 2) }
                let source = stages.start(from: numbers, dispatcher: dispatcher)
                try await stages.start { Collector(log: even) }.subscribe(to: source, as: 0, maxDemand: 4)
                try await stages.start { Collector(log: odd) }.subscribe(to: source, as: 1, maxDemand: 4)
                stages.go()
                for number in 0..<50 { try await numbers.send(number) }
                numbers.finish()
            }
            #expect(even.all == Array(stride(from: 0, to: 50, by: 2)))
            #expect(odd.all == Array(stride(from: 1, to: 50, by: 2)))
        }
    }

    @Test func whatWasPushedOutlivesAFailureOfItsStage() throws {
        try underEachSchedule { clock in
            let (numbers, log, lives) = (PushSource<Int>(capacity: 3), Log<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let backoff = Backoff(base: .seconds(1), maximum: .seconds(1))
                let group = stages.group(restart: .upTo(1, within: .seconds(60), backoff: backoff))
                let source = group.start(from: numbers) { producer in
                    lives.append([1])
                    if lives.all.count == 1 { throw Broken() }
                    return producer
                }
                try await stages.start { Collector(log: log) }.subscribe(to: source, maxDemand: 4)
                stages.go()
                for number in 0..<20 { try await numbers.send(number) }
                numbers.finish()
            }
            #expect(log.all == Array(0..<20) && lives.all.count == 2)
        }
    }

    @Test func aFullBufferMakesSendersWaitForDemand() throws {
        try underEachSchedule { clock in
            let (numbers, sent, probe) = (PushSource<Int>(capacity: 3), Log<Int>(), ConsumerProbe<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start(from: numbers)
                let sink = stages.start { probe.stage() }
                try await sink.subscribe(to: source)
                stages.go()
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        for number in 0..<10 {
                            try await numbers.send(number)
                            sent.append([number])
                        }
                        numbers.finish()
                    }
                    await settle(clock)
                    #expect(sent.all == [0, 1, 2])
                    probe.ask(2)
                    await settle(clock)
                    #expect(probe.events == [0, 1])
                    #expect(sent.all == [0, 1, 2, 3, 4])
                    probe.ask(100)
                    try await group.waitForAll()
                }
            }
            #expect(probe.events == Array(0..<10))
        }
    }

    @Test func aCancelledSendThrowsAndItsEventsAreNotEmitted() throws {
        try underEachSchedule { clock in
            let (numbers, log) = (PushSource<Int>(capacity: 1), Log<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start(from: numbers)
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source)
                try await numbers.send(1)
                await withTaskGroup { group in
                    group.addTask {
                        await #expect(throws: CancellationError.self) { try await numbers.send(contentsOf: [2, 3]) }
                    }
                    await settle(clock)
                    group.cancelAll()
                }
                stages.go()
                try await numbers.send(4)
                numbers.finish()
            }
            #expect(log.all == [1, 4])
        }
    }

    @Test func aFailureComesAfterWhatWasSent() throws {
        try underEachSchedule { clock in
            let (numbers, log) = (PushSource<Int>(capacity: 9), Log<Int>())
            let error = await #expect(throws: Broken.self) {
                try await withStages(clock: clock) { stages in
                    let source = stages.start(from: numbers)
                    let sink = stages.start { Collector(log: log) }
                    try await sink.subscribe(to: source)
                    try await numbers.send(contentsOf: [1, 2])
                    numbers.fail(Broken())
                }
            }
            #expect(error != nil)
            #expect(await code { try await numbers.send(3) } == .stageEnded)
        }
    }

    @Test func whoWaitsLearnsWhyItsOwnStageFailed() throws {
        try underEachSchedule { clock in
            for failsInMake in [true, false] {
                let (numbers, found) = (PushSource<Int>(capacity: 1), Log<StageError>())
                await #expect(throws: Broken.self) {
                    try await withStages(clock: clock) { stages in
                        let source = stages.start(from: numbers) { producer in
                            if failsInMake { throw Broken() }
                            return producer.map { if $0 == 1 { throw Broken() } else { $0 } }
                        }
                        let sink = stages.start { Collector(log: Log<Int>()) }
                        if !failsInMake { try await sink.subscribe(to: source, maxDemand: 1) }
                        stages.go()
                        do {
                            for number in 0... { try await numbers.send(number) }
                        } catch let error as StageError {
                            found.append([error])
                        }
                    }
                }
                #expect(found.all.map(\.code) == [.stageEnded])
                #expect(found.all.first?.cause is Broken)
            }
        }
    }

    enum Ending: CaseIterable, Sendable {
        case drained, cancelled, failed, lastConsumerLost
    }

    @Test(arguments: Ending.allCases, [true, false])
    func theEndOfTheGraphFailsWaitingAndLaterSends(_ ending: Ending, keepsUnsent: Bool) throws {
        try underEachSchedule { clock in
            let numbers = PushSource<Int>(capacity: 2, keepsUnsent: keepsUnsent)
            let waited = Log<StageError>()
            do {
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        do {
                            for number in 0... { try await numbers.send(number) }
                        } catch let error as StageError {
                            waited.append([error])
                        }
                    }
                    try await withStages(clock: clock) { stages in
                        let source = stages.start(from: numbers)
                        let probe = ConsumerProbe<Int>()
                        let sink = stages.start { probe.stage() }
                        let subscription = try await sink.subscribe(to: source)
                        stages.go()
                        probe.ask(5)
                        await settle(clock)
                        #expect(numbers.unsent == [5, 6])
                        switch ending {
                        case .drained: stages.drain()
                        case .cancelled: stages.cancel()
                        case .failed: _ = stages.start { () throws -> Counter in throw Broken() }
                        case .lastConsumerLost: subscription.cancel()
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(ending == .drained || ending == .lastConsumerLost)
            } catch {
                #expect(ending == .cancelled && error is CancellationError || ending == .failed && error is Broken)
            }
            #expect(waited.all.map(\.code) == [.stageEnded])
            #expect((waited.all.first?.cause is Broken) == (ending == .failed))
            #expect(await code { try await numbers.send(9) } == .stageEnded)
            #expect(numbers.unsent == (keepsUnsent ? [5, 6] : []))
        }
    }

    @Test(arguments: [true, false]) func aStageThatIsNeverMadeFailsWhoWaits(isRefused: Bool) throws {
        try underEachSchedule { clock in
            let numbers = PushSource<Int>(capacity: 1)
            await #expect(throws: CancellationError.self) {
                try await withStages(clock: clock) { stages in
                    if isRefused { stages.cancel() }
                    let source = stages.start(from: numbers)
                    if !isRefused { stages.cancel() }
                    let found = await code { for number in 0..<3 { try await numbers.send(number) } }
                    #expect(found == .stageEnded)
                    #expect(source.name == "PushProducer<Int>")
                }
            }
        }
    }

    @Test func transformsAreFusedOntoIt() throws {
        try underEachSchedule { clock in
            let (numbers, log) = (PushSource<Int>(capacity: 4), Log<String>())
            try await withStages(clock: clock) { stages in
                let source = stages.start("even", from: numbers) { $0.filter { $0 % 2 == 0 }.map { "\($0)" } }
                let sink = stages.start { Collector(log: log) }
                try await sink.subscribe(to: source, maxDemand: 1)
                stages.go()
                for number in 0..<9 { try await numbers.send(number) }
                numbers.finish()
            }
            #expect(log.all == ["0", "2", "4", "6", "8"])
        }
    }

    @Test func itFeedsOneStageOnly() throws {
        try underEachSchedule { clock in
            let numbers = PushSource<Int>(capacity: 4)
            let found = await code {
                try await withStages(clock: clock) { stages in
                    _ = stages.start(from: numbers)
                    _ = stages.start(from: numbers)
                }
            }
            #expect(found == .alreadyStarted)
        }
    }

    @Test func nothingOfItOutlivesTheGraph() throws {
        final class Token: Sendable {}
        try underEachSchedule { clock in
            let numbers = PushSource<Token>(capacity: 4)
            weak var scope: ScopeStorage?
            weak var token: Token?
            try await withStages(clock: clock) { stages in
                scope = stages.scope
                let source = stages.start(from: numbers)
                let sink = stages.start { Collector(log: Log<Token>()) }
                try await sink.subscribe(to: source)
                stages.go()
                let sent = Token()
                token = sent
                try await numbers.send(sent)
                await settle(clock)
                numbers.finish()
            }
            #expect(token == nil && scope == nil)
            _ = numbers
        }
    }
}
