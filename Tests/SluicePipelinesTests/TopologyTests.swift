import Sluice
import SluiceTesting
import Synchronization
import Testing

@testable import SluicePipelines

/// What a pipeline is made of, and how it begins and ends as a whole.
@Suite struct TopologyTests {
    @Test("1: options that cannot be are refused at the start") func wrongOptions() async {
        await #expect(processExitsWith: .failure) { _ = Producers(concurrency: 0) { _ in Silent() } }
        await #expect(processExitsWith: .failure) { _ = Processors<Int>(concurrency: 0) }
        await #expect(processExitsWith: .failure) { _ = Processors<Int>(maxDemand: 0) }
        await #expect(processExitsWith: .failure) { _ = Processors<Int>(maxDemand: 5, minDemand: 5) }
        await #expect(processExitsWith: .failure) { _ = Processors<Int>(timeout: .zero) }
        await #expect(processExitsWith: .failure) { _ = Batcher<Int>(timeout: .seconds(-1)) }
        await #expect(processExitsWith: .failure) { _ = Batcher<Int>(concurrency: 0) }
        await #expect(processExitsWith: .failure) { _ = Batcher<Int>(capacity: 0) }
        await #expect(processExitsWith: .failure) { _ = Batcher<Int>(size: .count(0)) }
        await #expect(processExitsWith: .failure) {
            _ = Pipeline(
                source: Producers { _ in Silent() },
                batchers: [Batcher("a"), Batcher("a")],
                handler: Script()
            )
        }
    }

    @Test("3, 60: one source, two processors for each core, one batch at a time; or as many as are asked for")
    func stages() throws {
        let standard = try names(Processors(), [Batcher()])
        #expect(standard.count { $0.hasPrefix("processor ") } == twiceTheCores)
        #expect(standard.filter { $0.hasPrefix("batch") }.sorted() == ["batch processor default 0", "batcher default"])
        #expect(standard.count { $0.hasPrefix("producer ") } == 1)

        let none = try names(Processors(concurrency: 1), [])
        #expect(none.contains("processor 0") && !none.contains { $0.hasPrefix("batch") })

        let several = try names(
            Processors(concurrency: 13),
            [Batcher("a", concurrency: 2), Batcher("b", concurrency: 3)],
            producers: 3
        )
        #expect(several.count { $0.hasPrefix("producer ") } == 3)
        #expect(several.count { $0.hasPrefix("processor ") } == 13)
        #expect(several.count { $0.hasPrefix("batch processor a ") } == 2)
        #expect(several.count { $0.hasPrefix("batch processor b ") } == 3)
        #expect(Set(several).count == several.count)
    }

    private func names(
        _ processors: Processors<Int>,
        _ batchers: [Batcher<Int>],
        producers: Int = 1
    ) throws -> [String] {
        let executor = DeterministicExecutor(seed: 1)
        let clock = executor.clock
        return try executor.run {
            try await Pipeline(
                source: Producers(concurrency: producers) { _ in Silent() },
                processors: processors,
                batchers: batchers,
                handler: Script()
            ).run(clock: clock) { running in
                defer { running.drain() }
                return running.snapshot.stages.map(\.name)
            }
        }
    }

    @Test("7: each source is told its number") func numbers() throws {
        try underEachSchedule(0..<5) { clock in
            let numbers = Mutex<[Int]>([])
            try await Pipeline(
                source: Producers(concurrency: 3) { number in
                    numbers.withLock { $0.append(number) }
                    return SequenceSource([Message<Int>]())
                },
                handler: Script()
            ).run(clock: clock)
            #expect(numbers.withLock { $0.sorted() } == [0, 1, 2])
        }
    }

    @Test("51: what a source still returns when it is drained is handled and acknowledged") func lastWords() throws {
        try underEachSchedule { clock in
            let (recorder, script) = (Recorder(), Script())
            let messages = recorder.messages(1...3)
            try await Pipeline(
                source: Producers { _ in Parting(messages) },
                processors: Processors(concurrency: 2),
                batchers: [Batcher(size: .count(2))],
                handler: script
            ).run(clock: clock) { running in
                try await clock.sleep(for: .seconds(10))
                #expect(script.memory.handled.isEmpty)
                running.drain()
            }
            #expect(recorder.successful.sorted() == [1, 2, 3])
        }
    }

    @Test("48, 54: a hundred pipelines drain side by side, and each returns when all that is its own has ended")
    func hundred() throws {
        try underEachSchedule(0..<3) { clock in
            let recorders = (0..<100).map { _ in Recorder() }
            try await withThrowingTaskGroup { group in
                for recorder in recorders {
                    group.addTask {
                        let script = Script(slow: clock)
                        let source = Endless(recorder)
                        try await Pipeline(
                            source: Producers { _ in source },
                            processors: Processors(concurrency: 2, maxDemand: 2),
                            batchers: [Batcher(size: .count(3))],
                            handler: script
                        ).run(clock: clock) { running in
                            try await clock.sleep(for: .seconds(10))
                            running.drain()
                        }
                        // No stage is left that could still handle or acknowledge.
                        let handled = script.memory.handled.count
                        #expect(handled > 0 && recorder.all.count == handled)
                        try await clock.sleep(for: .seconds(100))
                        #expect(script.memory.handled.count == handled && recorder.all.count == handled)
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

/// Emits nothing until it is drained, and then some messages.
private struct Parting: Producer {
    private var messages: [Message<Int>]

    init(_ messages: [Message<Int>]) {
        self.messages = messages
    }

    mutating func handleDemand(_ demand: Int) async throws -> [Message<Int>]? {
        for await _ in AsyncStream<Never>.makeStream().stream {}
        defer { messages = [] }
        return messages
    }
}
