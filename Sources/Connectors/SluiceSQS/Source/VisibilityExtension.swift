import SluiceSinks
import Synchronization

/// Keeps messages hidden from others while they are being handled, for as long as this object exists.
///
/// Every message in a pipeline holds on to it through its acknowledger. So it goes on while the pipeline drains and its
/// source is gone, and is over with the last message, whether that was acknowledged or dropped.
final class VisibilityExtension: Sendable {
    private let work: Work

    /// Starts without messages.
    ///
    /// - Parameters:
    ///   - leases: Empty.
    ///   - clock: Measures timeouts.
    ///   - extend: Sends a request with at most ten messages, and says what became of each.
    ///   - report: Told of messages that were not extended.
    init(
        _ leases: VisibilityLeases,
        clock: some Clock<Duration>,
        extend: @escaping @Sendable ([VisibilityChange]) async throws -> [SendResult],
        report: @escaping @Sendable (SQSSourceReport) -> Void
    ) {
        work = Work(leases, clock, extend, report)
    }

    deinit {
        work.stop()
    }

    /// Keeps messages that were received just now.
    func keep(_ receiptHandles: [String]) {
        work.keep(receiptHandles)
    }

    /// Lets messages go: they are dealt with, or may come back.
    func release(_ receiptHandles: [String]) {
        work.release(receiptHandles)
    }
}

/// What the task holds, so that it does not hold the object that ends it.
private final class Work: Sendable {
    private struct State {
        var leases: VisibilityLeases
        var task: Task<Void, Never>?
    }

    private enum Step {
        case extend([VisibilityChange])
        case wait(Duration)
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let extend: @Sendable ([VisibilityChange]) async throws -> [SendResult]
    private let report: @Sendable (SQSSourceReport) -> Void

    init<C: Clock<Duration>>(
        _ leases: VisibilityLeases,
        _ clock: C,
        _ extend: @escaping @Sendable ([VisibilityChange]) async throws -> [SendResult],
        _ report: @escaping @Sendable (SQSSourceReport) -> Void
    ) {
        state = Mutex(State(leases: leases))
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
        self.extend = extend
        self.report = report
    }

    func keep(_ receiptHandles: [String]) {
        let time = now()
        state.withLock { state in
            state.leases.add(receiptHandles, at: time)
            guard state.task == nil else { return }
            // No task can be its parent: a source's calls end while its messages are being handled, and the source
            // itself ends before them in a drain. It ends when no message is left to be extended, and is cancelled with
            // the last reference to the object above. Detached: it belongs to no trace of the call that begins it.
            state.task = Task.detached { [self] in await run() }
        }
    }

    func release(_ receiptHandles: [String]) {
        state.withLock { $0.leases.remove(receiptHandles) }
    }

    func stop() {
        state.withLock(\.task)?.cancel()
    }

    private func run() async {
        while !Task.isCancelled, let step = next() {
            switch step {
            case .extend(let changes): await extendAll(changes)
            case .wait(let time): try? await sleep(time)
            }
        }
    }

    private func next() -> Step? {
        let time = now()
        return state.withLock { state in
            let changes = state.leases.takeDue(at: time)
            if !changes.isEmpty { return .extend(changes) }
            if let due = state.leases.nextDue { return .wait(due) }
            state.task = nil
            return nil
        }
    }

    /// All requests at once: a slow one must not let the messages of another expire.
    private func extendAll(_ changes: [VisibilityChange]) async {
        await withDiscardingTaskGroup { group in
            for start in stride(from: 0, to: changes.count, by: 10) {
                let some = Array(changes[start..<min(start + 10, changes.count)])
                group.addTask { await self.extend(some) }
            }
        }
    }

    private func extend(_ changes: [VisibilityChange]) async {
        let asked = now()
        do {
            let results = try await extend(changes)
            var reason: String?
            var failures = 0
            state.withLock { state in
                let time = now()
                for (change, result) in zip(changes, results) {
                    switch result {
                    case .durable: state.leases.extended(change, at: asked)
                    case .failed(let why, _), .refused(let why):
                        // It may have been deleted meanwhile: then it is nobody's failure.
                        guard state.leases.failed(change, at: time) else { continue }
                        failures += 1
                        reason = why
                    }
                }
            }
            if let reason {
                let error = SinkError(.unavailable, "SQS has not extended a message's visibility timeout: \(reason).")
                report(.extensionFailed(error, messages: failures))
            }
        } catch {
            if Task.isCancelled { return }
            let time = now()
            let failures = state.withLock { state in changes.count { state.leases.failed($0, at: time) } }
            if failures > 0 { report(.extensionFailed(error, messages: failures)) }
        }
    }
}
