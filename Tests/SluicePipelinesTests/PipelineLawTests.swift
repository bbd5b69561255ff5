import Sluice
import SluiceTesting
import Synchronization
import Testing

@testable import SluicePipelines

@Suite struct PipelineLawTests {
    @Test("law: whatever handlers do, each message is acknowledged exactly once", arguments: 0..<4 as Range<UInt64>)
    func exactlyOnce(part: UInt64) throws {
        for seed in part * 60..<(part + 1) * 60 {
            let executor = DeterministicExecutor(seed: seed)
            let clock = executor.clock
            let recorder = Recorder { $0 == 1 }
            try executor.run {
                try await Self.wild(seed, clock).run(recorder, clock)
            }
            #expect(recorder.all == Array(1...80), "seed \(seed)")
        }
    }

    @Test("law: cancelled at any moment, no message is acknowledged twice", arguments: 0..<120 as Range<UInt64>)
    func cancelled(seed: UInt64) throws {
        let executor = DeterministicExecutor(seed: seed)
        let clock = executor.clock
        let recorder = Recorder()
        try executor.run {
            try await withThrowingTaskGroup { group in
                group.addTask { try? await Self.wild(seed, clock).run(recorder, clock) }
                try await clock.sleep(for: .milliseconds(Int64(seed * 37 % 6000)))
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        #expect(Set(recorder.all).count == recorder.all.count)
    }

    /// A pipeline with options and handlers that a seed chooses.
    private struct Wild: Sendable {
        var script: Script
        var processors: Processors<Int>
        var batchers: [Batcher<Int>]

        func run(_ recorder: Recorder, _ clock: TestClock) async throws {
            let parts = [1...40, 41...80].map { recorder.messages($0) { $0 % 3 } }
            try await Pipeline(
                source: Producers(concurrency: 2) { SequenceSource(parts[$0]) },
                processors: processors,
                batchers: batchers,
                handler: script
            ).run(clock: clock)
        }
    }

    private static func wild(_ seed: UInt64, _ clock: TestClock) -> Wild {
        var random = SeededGenerator(seed: seed)
        let chance = Mutex(SeededGenerator(seed: seed &+ 1))
        @Sendable func roll(_ sides: Int) -> Int { chance.withLock { Int.random(in: 0..<sides, using: &$0) } }
        let stolen = Mutex<Message<Int>?>(nil)
        var script = Script()
        script.onPrepare = { messages in
            switch roll(12) {
            case 0: messages.removeLast()
            case 1: messages.append(messages[0])
            case 2: throw Script.Broken()
            case 3: messages[0].fail(because: MessageFailure("no"))
            default: break
            }
        }
        script.onMessage = { message in
            switch roll(9) {
            case 0: throw Script.Broken()
            case 1: try await message.acknowledge()
            case 2: try await clock.sleep(for: .milliseconds(roll(3000)))
            case 3: return stolen.withLock { $0 } ?? message
            case 4: stolen.withLock { $0 = message }
            default: break
            }
            var message = message
            (message.batcher, message.batchKey) = (["a", "b", "c"][roll(3)], ["x", "y"][roll(2)])
            message.flushesBatch = roll(10) == 0
            return message
        }
        script.onBatch = { batch in
            switch roll(6) {
            case 0: throw Script.Broken()
            case 1: batch.fail(at: roll(batch.messages.count), because: MessageFailure("no"))
            case 2: try await batch.messages[roll(batch.messages.count)].acknowledge()
            case 3: try await clock.sleep(for: .milliseconds(roll(3000)))
            case 4: batch = MessageBatch(info: batch.info, messages: batch.messages + batch.messages)
            default: break
            }
        }
        script.onFailed = { if roll(4) == 0 { throw Script.Broken() } }
        let timeout: Duration? = Bool.random(using: &random) ? .seconds(2) : nil
        let demand = Int.random(in: 1...8, using: &random)
        let count = Int.random(in: 1...3, using: &random)
        let isKeyed = Bool.random(using: &random)
        return Wild(
            script: script,
            processors: isKeyed
                ? Processors(concurrency: count, maxDemand: demand, timeout: timeout) { $0.body % 4 }
                : Processors(concurrency: count, maxDemand: demand, timeout: timeout),
            batchers: Bool.random(using: &random)
                ? []
                : ["a", "b"].map { name in
                    let size = BatchLimit<Int>.count(Int.random(in: 1...6, using: &random))
                    let capacity = Int.random(in: 1...20, using: &random)
                    let workers = Int.random(in: 1...2, using: &random)
                    return isKeyed
                        ? Batcher(name, size: size, concurrency: workers, capacity: capacity, handlingTimeout: timeout)
                        {
                            $0.body % 4
                        }
                        : Batcher(name, size: size, concurrency: workers, capacity: capacity, handlingTimeout: timeout)
                }
        )
    }
}
