import Sluice
import SluicePipelines
import SluiceTesting
import Synchronization

/// A handler of numbers that does what a test says, and remembers what it was given.
struct Script: PipelineHandler {
    typealias Input = Int
    typealias Output = Int

    struct Broken: Error {}

    final class Memory: Sendable {
        private struct State {
            var handled: [Int] = []
            var batches: [MessageBatch<Int>] = []
            var failedOnes: [[Int]] = []
            var failedBatches: [[Int]] = []
        }

        private let state = Mutex(State())

        var handled: [Int] { state.withLock(\.handled) }
        var batches: [MessageBatch<Int>] { state.withLock(\.batches) }
        var failedOnes: [[Int]] { state.withLock(\.failedOnes) }
        var failedBatches: [[Int]] { state.withLock(\.failedBatches) }

        fileprivate func handled(_ body: Int) { state.withLock { $0.handled.append(body) } }
        fileprivate func batch(_ batch: MessageBatch<Int>) { state.withLock { $0.batches.append(batch) } }
        fileprivate func failed(_ bodies: [Int], inBatch: Bool) {
            state.withLock { if inBatch { $0.failedBatches.append(bodies) } else { $0.failedOnes.append(bodies) } }
        }
    }

    let memory = Memory()
    var onPrepare: @Sendable (inout [Message<Int>]) async throws -> Void = { _ in }
    var onMessage: @Sendable (Message<Int>) async throws -> Message<Int> = { $0 }
    var onBatch: @Sendable (inout MessageBatch<Int>) async throws -> Void = { _ in }
    var onFailed: @Sendable () async throws -> Void = {}

    func prepare(_ messages: inout [Message<Int>]) async throws { try await onPrepare(&messages) }

    func handle(_ message: Message<Int>) async throws -> Message<Int> {
        memory.handled(message.body)
        return try await onMessage(message)
    }

    func handleBatch(_ batch: inout MessageBatch<Int>) async throws {
        memory.batch(batch)
        try await onBatch(&batch)
    }

    func handleFailed(_ messages: [Message<Int>]) async throws {
        memory.failed(messages.map(\.body), inBatch: false)
        try await onFailed()
    }

    func handleFailed(_ batch: MessageBatch<Int>) async throws {
        memory.failed(batch.messages.map(\.body), inBatch: true)
        try await onFailed()
    }
}

/// What a pipeline has told.
final class Reports: Sendable {
    private let state = Mutex<[PipelineReport]>([])

    var note: @Sendable (PipelineReport) -> Void { { report in self.state.withLock { $0.append(report) } } }

    /// The failures that handlers made, by their codes.
    var failures: [MessageFailure.Code] {
        state.withLock(\.self).flatMap { report -> [MessageFailure.Code] in
            if case .failed(_, let failures) = report { failures.map(\.reason.code) } else { [] }
        }
    }

    /// What was handled.
    var handled: [PipelineReport.Handled] {
        state.withLock(\.self).compactMap { if case .handled(let handled) = $0 { handled } else { nil } }
    }

    /// How many messages could not be put aside.
    var notPutAside: Int {
        state.withLock(\.self).reduce(0) { sum, report in
            if case .deadLettersFailed(_, _, let messages) = report { sum + messages } else { sum }
        }
    }

    /// How many messages an acknowledger threw for.
    var unacknowledged: Int {
        state.withLock(\.self).reduce(0) { sum, report in
            if case .acknowledgementFailed(_, _, let messages) = report { sum + messages } else { sum }
        }
    }

    /// How often a handler of failed messages threw.
    var brokenFailureHandlers: Int {
        state.withLock(\.self).count { if case .failureHandlerFailed = $0 { true } else { false } }
    }
}

/// Runs a test under many schedules.
func underEachSchedule(_ seeds: Range<UInt64> = 0..<60, _ body: @escaping @Sendable (TestClock) async throws -> Void)
    throws
{
    try DeterministicExecutor.check(seeds: seeds, body)
}
