package import SluicePipelines
import Synchronization

/// Keeps messages from others while they are being handled, for as long as this object exists.
///
/// Every message in a pipeline holds on to it through its acknowledger. So it goes on while the pipeline drains and its
/// source is gone, and is over with the last message, whether that was acknowledged or dropped.
package final class LeaseExtension: Sendable {
    private let work: Work

    /// Starts without messages.
    ///
    /// - Parameters:
    ///   - leases: Empty.
    ///   - batch: How many messages are extended together at most, at least 1.
    ///   - clock: Measures timeouts.
    ///   - extend: Asks the broker to wait, and says for each message why it does not, or `nil`.
    ///   - report: Told of one reason why messages were not extended, and of how many there are.
    package init(
        _ leases: HandlingLeases,
        batch: Int,
        clock: some Clock<Duration>,
        extend: @escaping @Sendable ([LeaseChange]) async throws -> [(any Error)?],
        report: @escaping @Sendable (any Error, Int) -> Void
    ) {
        work = Work(leases, batch, clock, extend, report)
    }

    deinit {
        work.stop()
    }

    /// Keeps messages that were received just now.
    package func keep(_ receipts: [Receipt]) {
        work.keep(receipts)
    }

    /// Lets messages go: they are dealt with, or may come back.
    package func release(_ receipts: [Receipt]) {
        work.release(receipts)
    }
}

/// What the task holds, so that it does not hold the object that ends it.
private final class Work: Sendable {
    private struct State {
        var leases: HandlingLeases
        var task: Task<Void, Never>?
    }

    private enum Step {
        case extend([LeaseChange])
        case wait(Duration)
    }

    private let state: Mutex<State>
    private let batch: Int
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let extend: @Sendable ([LeaseChange]) async throws -> [(any Error)?]
    private let report: @Sendable (any Error, Int) -> Void

    init<C: Clock<Duration>>(
        _ leases: HandlingLeases,
        _ batch: Int,
        _ clock: C,
        _ extend: @escaping @Sendable ([LeaseChange]) async throws -> [(any Error)?],
        _ report: @escaping @Sendable (any Error, Int) -> Void
    ) {
        state = Mutex(State(leases: leases))
        self.batch = batch
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
        self.extend = extend
        self.report = report
    }

    func keep(_ receipts: [Receipt]) {
        let time = now()
        state.withLock { state in
            state.leases.add(receipts, at: time)
            guard state.task == nil else { return }
            // No task can be its parent: a source's calls end while its messages are being handled, and the source
            // itself ends before them in a drain. It ends when no message is left to be extended, and is cancelled with
            // the last reference to the object above. Detached: it belongs to no trace of the call that begins it.
            state.task = Task.detached { [self] in await run() }
        }
    }

    func release(_ receipts: [Receipt]) {
        state.withLock { $0.leases.remove(receipts) }
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
    private func extendAll(_ changes: [LeaseChange]) async {
        await withDiscardingTaskGroup { group in
            for start in stride(from: 0, to: changes.count, by: batch) {
                let some = Array(changes[start..<min(start + batch, changes.count)])
                group.addTask { await self.extend(some) }
            }
        }
    }

    private func extend(_ changes: [LeaseChange]) async {
        let asked = now()
        do {
            let results = try await extend(changes)
            let time = now()
            let failures = state.withLock { state in
                zip(changes, results).compactMap { change, error -> (any Error)? in
                    guard let error else {
                        state.leases.extended(change, at: asked)
                        return nil
                    }
                    // It may have been dealt with meanwhile: then it is nobody's failure.
                    return state.leases.failed(change, at: time) ? error : nil
                }
            }
            if let last = failures.last { report(last, failures.count) }
        } catch {
            if Task.isCancelled { return }
            let time = now()
            let failures = state.withLock { state in changes.count { state.leases.failed($0, at: time) } }
            if failures > 0 { report(error, failures) }
        }
    }
}
