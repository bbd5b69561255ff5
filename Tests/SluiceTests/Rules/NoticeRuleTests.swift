import SluiceTesting
import Testing

@testable import Sluice

/// GenStage's scenarios E1 to E11: calls that keep their place among a stage's events.
@Suite struct NoticeRuleTests {
    /// Emits only what `perform(emitting:)` gives it.
    struct Quiet: Producer {
        var numbers = [4, 5]

        mutating func handleDemand(_ demand: Int) async throws -> [Int]? { [] }
    }

    /// A graph with a probe behind a stage, and the notices that have run.
    private struct Scene: Sendable {
        let clock: TestClock
        let source: StageHandle<Quiet>
        let sink: ConsumerProbe<Int>
        let notices = Log<Int>()

        func emit(_ events: [Int]) async throws {
            try await source.perform(emitting: { _ in events })
        }

        func ask(_ count: Int) async {
            sink.ask(count)
            await settle(clock)
        }
    }

    /// Plays a scene in which notices wait in tasks of their own, and then lets everything through.
    private func scene(
        _ buffer: BufferPolicy = .unbounded,
        _ body: @escaping @Sendable (Scene, _ notify: (Int) async -> Void) async throws -> Void
    ) throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start(options: .init(buffer: buffer)) { Quiet() }
                try await stages.start { sink.stage() }.subscribe(to: source)
                stages.go()
                let scene = Scene(clock: clock, source: source, sink: sink)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    try await body(scene) { number in
                        group.addTask { try await source.notify { _ in scene.notices.append([number]) } }
                        await settle(clock)
                    }
                    await scene.ask(100)
                    try await group.waitForAll()
                }
                stages.drain()
            }
        }
    }

    @Test("E1, E2, E4: a stage that holds nothing runs a notice at once") func nothingHeld() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { Quiet() }
                let between = stages.start { Multiplier(factor: 2) }
                let to = stages.start { sink.stage() }
                try await between.subscribe(to: source)
                try await to.subscribe(to: between)
                stages.go()
                #expect(try await source.notify { _ in 1 } == 1)
                #expect(try await between.notify { $0.factor } == 2)
                try await to.notify { _ in }
                stages.drain()
            }
        }
    }

    @Test("E3: a notice waits for what is in the inbox, and for what becomes of it") func inbox() throws {
        try underEachSchedule { clock in
            let (sink, ran) = (ConsumerProbe<Int>(), Log<Int>())
            try await withStages(clock: clock) { stages in
                let source = stages.start { Quiet() }
                let between = stages.start { Multiplier(factor: 2) }
                try await between.subscribe(to: source, maxDemand: 4, minDemand: 2)
                stages.go()
                try await source.perform(emitting: { _ in [1, 2, 3] })
                await settle(clock)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 1...2 {
                        group.addTask { try await between.notify { _ in ran.append([number]) } }
                        await settle(clock)
                    }
                    #expect(ran.all == [])
                    try await stages.start { sink.stage() }.subscribe(to: between)
                    for count in 1...3 {
                        #expect(ran.all == [] && sink.events.count == count - 1)
                        sink.ask(1)
                        await settle(clock)
                    }
                    #expect(ran.all == [1, 2])
                    try await group.waitForAll()
                }
                stages.drain()
            }
            #expect(sink.events == [2, 4, 6])
        }
    }

    @Test("E5 to E8: a notice waits until what was emitted before it is delivered", arguments: 1...3, [true, false])
    func buffered(count: Int, isBounded: Bool) throws {
        try scene(isBounded ? .bounded(3, .dropOldest) : .unbounded) { scene, notify in
            try await scene.emit(Array(1...count))
            await notify(1)
            if count > 1 { await scene.ask(count - 1) }
            #expect(scene.notices.all == [])
            await scene.ask(1)
            #expect(scene.notices.all == [1] && scene.sink.events == Array(1...count))
        }
    }

    @Test("E9: notices move along with a moving buffer") func moving() throws {
        try scene(.bounded(3, .dropOldest)) { scene, notify in
            try await scene.emit([1, 2, 3])
            await notify(1)
            await scene.ask(2)
            #expect(scene.notices.all == [])
            try await scene.emit([4, 5])
            await notify(2)
            await scene.ask(1)
            #expect(scene.notices.all == [1])
            await scene.ask(1)
            #expect(scene.notices.all == [1])
            await scene.ask(1)
            #expect(scene.notices.all == [1, 2] && scene.sink.events == [1, 2, 3, 4, 5])
        }
    }

    @Test("E10: what is dropped as the oldest has left") func droppedOldest() throws {
        try scene(.bounded(3, .dropOldest)) { scene, notify in
            try await scene.emit([1, 2, 3])
            await notify(1)
            try await scene.emit([4, 5])
            await settle(scene.clock)
            #expect(scene.notices.all == [])
            try await scene.emit([6])
            await settle(scene.clock)
            #expect(scene.notices.all == [1] && scene.sink.events == [])
        }
    }

    @Test("D14: what is dropped as the newest holds no notice back") func droppedNewest() throws {
        try scene(.bounded(2, .dropNewest)) { scene, notify in
            try await scene.emit([1, 2, 3, 4])
            await notify(1)
            try await scene.emit([5])
            await scene.ask(1)
            #expect(scene.notices.all == [])
            await scene.ask(1)
            #expect(scene.notices.all == [1] && scene.sink.events == [1, 2])
        }
    }

    @Test("E11: several notices at one place run in their order") func several() throws {
        try scene { scene, notify in
            try await scene.emit([1, 2, 3])
            for number in 4...6 { await notify(number) }
            try await scene.emit([7, 8])
            await notify(9)
            await scene.ask(5)
            #expect(scene.notices.all == [4, 5, 6, 9] && scene.sink.events == [1, 2, 3, 7, 8])
        }
    }

    @Test func whatANoticeEmitsGoesBehindEverythingBefore() throws {
        try scene { scene, notify in
            try await scene.emit([1])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await scene.source.notify(emitting: { _ in [3] }) }
                await settle(scene.clock)
                try await scene.emit([2])
                await scene.ask(3)
                try await group.waitForAll()
            }
            #expect(scene.sink.events == [1, 2, 3])
        }
    }

    @Test func onlyWhatIsSaidToBeEmittedIsEmitted() throws {
        try scene { scene, _ in
            try await scene.source.perform { $0.numbers }
            try await scene.source.notify { $0.numbers }
            await #expect(throws: Broken()) {
                try await scene.source.perform(emitting: { _ in throw Broken() })
            }
            await scene.ask(10)
            #expect(scene.sink.events == [])
            try await scene.source.perform(emitting: { $0.numbers })
            await settle(scene.clock)
            #expect(scene.sink.events == [4, 5])
        }
    }

    @Test func aNoticeThatIsCancelledNeverRunsAndOneToItselfWouldDeadlock() throws {
        try scene { scene, _ in
            try await scene.emit([1])
            let outcome = Log<Bool>()
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        try await scene.source.notify { _ in scene.notices.append([1]) }
                    } catch {
                        outcome.append([error is CancellationError])
                    }
                }
                await settle(scene.clock)
                group.cancelAll()
            }
            #expect(outcome.all == [true])
            let error = await #expect(throws: StageError.self) {
                try await scene.source.perform { _ in try await scene.source.notify { _ in } }
            }
            #expect(error?.code == .wouldDeadlock)
            await scene.ask(1)
            #expect(scene.notices.all == [])
        }
    }

    @Test func aStageThatEndsFailsTheNoticesThatWait() throws {
        try underEachSchedule { clock in
            let sink = ConsumerProbe<Int>()
            let codes = Log<StageError.Code?>()
            try await withStages(clock: clock) { stages in
                let source = stages.start { Quiet() }
                try await stages.start { sink.stage() }.subscribe(to: source)
                stages.go()
                try await source.perform(emitting: { _ in [1] })
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        do { try await source.notify { _ in } } catch { codes.append([(error as? StageError)?.code]) }
                    }
                    await settle(clock)
                    #expect(codes.all == [])
                    stages.drain()
                }
                do { try await source.notify { _ in } } catch { codes.append([(error as? StageError)?.code]) }
                sink.ask(1)
            }
            #expect(codes.all == [.stageEnded, .stageEnded] && sink.events == [1])
        }
    }
}
