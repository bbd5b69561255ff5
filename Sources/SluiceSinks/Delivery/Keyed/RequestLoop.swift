package import Sluice
import Synchronization

/// Sends what a ``KeyedQueue`` decides on, several requests at a time.
///
/// It runs beside the graph: the stage ``KeyedDelivery`` puts changes in and waits while there is no room; ``run()``
/// sends them, and tells what is settled, from one task and in order.
package final class RequestLoop: Sendable {
    /// How messages are sent.
    package struct Rules: Sendable {
        /// After so many failures a message goes to the dead letters, if there is a place for them; `nil`: never.
        package var maxFailures: Int? = 10

        /// Between two attempts for one message: 0.2 s to 3 min.
        package var backoff = Backoff(base: .milliseconds(200), maximum: .seconds(180))

        /// Between two attempts to reach the sink: 0.2 s to 30 s.
        package var outageBackoff = Backoff(base: .milliseconds(200), maximum: .seconds(30))

        /// How many changes may be above the last one before which everything is settled.
        ///
        /// So many may overtake a message that waits; each takes some dozen bytes beside the budget.
        package var capacity = 1 << 17

        /// Makes the usual rules, with waits that are shortened by up to 30 % by chance.
        package init() {
            backoff = backoff.jittered(by: 0.3, using: SystemRandomNumberGenerator())
            outageBackoff = outageBackoff.jittered(by: 0.3, using: SystemRandomNumberGenerator())
        }
    }

    /// What a user should know.
    package enum Event: Sendable {
        /// The sink cannot be reached; told once for each outage.
        case unreachable(reason: String)
        case reachable
        /// A message is among the dead letters now.
        case buried(DeadLetter)
    }

    private struct State: ~Copyable {
        var queue: KeyedQueue
        var failure: (any Error)?
        /// For when the next alarm is set.
        var alarm: Duration?
    }

    private let sink: any KeyedSink
    private let deadLetters: (any DeadLetterBox)?
    private let budget: Budget
    private let settled: @Sendable (Delivered) -> Void
    private let report: @Sendable (Event) -> Void
    private let state: Mutex<State>
    private let wakes = Signal()
    private let room = Signal()
    private let end = Signal()
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Makes a loop.
    ///
    /// - Parameters:
    ///   - sink: Opened.
    ///   - deadLetters: Opened; `nil`: a message that is refused ends the stream.
    ///   - budget: Holds the cost of the changes, and gets it back when their messages are settled.
    ///   - rules: How often and when messages are sent again.
    ///   - clock: Measures the waits.
    ///   - report: Told of outages and dead letters.
    ///   - settled: Told of what is durable, in order, before the budget is released.
    package init<C: Clock<Duration>>(
        to sink: any KeyedSink,
        deadLetters: (any DeadLetterBox)?,
        budget: Budget,
        rules: Rules = Rules(),
        clock: C = ContinuousClock(),
        report: @escaping @Sendable (Event) -> Void,
        settled: @escaping @Sendable (Delivered) -> Void
    ) {
        self.sink = sink
        self.deadLetters = deadLetters
        self.budget = budget
        self.report = report
        self.settled = settled
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
        state = Mutex(
            State(
                queue: KeyedQueue(
                    KeyedQueue.Rules(
                        limits: sink.limits,
                        keyFailure: sink.keyFailure,
                        capacity: rules.capacity,
                        maxFailures: rules.maxFailures,
                        hasDeadLetters: deadLetters != nil,
                        backoff: rules.backoff,
                        outageBackoff: rules.outageBackoff
                    )
                )
            )
        )
    }

    /// Takes changes in as soon as there is room for them.
    ///
    /// - Parameter changes: Each with its messages, in order and without holes.
    /// - Throws: `CancellationError`, or what has ended ``run()``.
    func take(_ changes: [KeyedChange]) async throws {
        while !state.withLock({ $0.queue.hasRoom }) {
            guard await room.wait() else { break }
        }
        try Task.checkCancellation()
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            for change in changes { state.queue.take(change) }
        }
        wakes.raise()
    }

    /// Waits until everything that was taken is settled; nothing may be taken afterwards.
    ///
    /// - Throws: `CancellationError`, or what has ended ``run()``.
    func finish() async throws {
        state.withLock { $0.queue.isEnding = true }
        wakes.raise()
        while await end.wait() {}
        try Task.checkCancellation()
        try state.withLock { state in
            if let failure = state.failure { throw failure }
        }
    }

    /// Sends until ``finish()`` has been called and everything is settled.
    ///
    /// - Throws: What no other attempt cures, from the sink or the place for dead letters; `CancellationError`.
    package func run() async throws {
        defer {
            end.end()
            room.end()
        }
        do {
            try await withThrowingDiscardingTaskGroup { group in
                defer { group.cancelAll() }
                repeat {
                    if try step(&group) { return }
                } while await wakes.wait()
                try Task.checkCancellation()
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
            throw error
        }
    }

    /// Does all that can be done now.
    ///
    /// - Returns: Whether everything is done.
    private func step(_ group: inout ThrowingDiscardingTaskGroup<any Error>) throws -> Bool {
        while true {
            let moment = now()
            let (step, settlement) = try state.withLock { state in
                if let failure = state.failure { throw failure }
                return (state.queue.next(at: moment), state.queue.takeSettlement())
            }
            tell(settlement)
            switch step {
            case .send(let request): group.addTask { await self.send(request) }
            case .bury(let burial): group.addTask { await self.bury(burial) }
            case .wait(let until):
                if let until { setAlarm(at: until, moment, &group) }
                return false
            case .finished: return true
            case .fail(let error): throw error
            }
        }
    }

    private func tell(_ settlement: Settlement) {
        if let last = settlement.last, settlement.messages > 0 || settlement.cost > 0 {
            settled(
                Delivered(
                    sequence: last.sequence,
                    position: SinkPosition(cursor: last.cursor),
                    messages: settlement.messages,
                    undecodable: settlement.undecodable
                )
            )
        }
        if settlement.cost > 0 { budget.release(settlement.cost) }
        if settlement.cost > 0 || settlement.messages > 0 { room.raise() }
    }

    /// Wakes the loop at a moment, unless an earlier alarm does: it sets the next one then.
    private func setAlarm(
        at moment: Duration,
        _ now: Duration,
        _ group: inout ThrowingDiscardingTaskGroup<any Error>
    ) {
        let isNew = state.withLock { state in
            if let alarm = state.alarm, alarm <= moment { return false }
            state.alarm = moment
            return true
        }
        guard isNew else { return }
        group.addTask { [self] in
            guard (try? await sleep(moment - now)) != nil else { return }
            state.withLock { if $0.alarm == moment { $0.alarm = nil } }
            wakes.raise()
        }
    }

    private func send(_ request: KeyedQueue.Request) async {
        do {
            let results = try await sink.send(request.messages)
            let moment = now()
            let isBack = state.withLock { state in
                let wasUp = state.queue.health.isUp
                state.queue.answered(request, results, at: moment)
                return !wasUp
            }
            if isBack { report(.reachable) }
        } catch let error as SinkError where error.code == .unavailable {
            let moment = now()
            let isNew = state.withLock { state in
                let wasUp = state.queue.health.isUp
                state.queue.unreachable(request, at: moment)
                return wasUp
            }
            if isNew { report(.unreachable(reason: error.message)) }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
        wakes.raise()
    }

    private func bury(_ burial: KeyedQueue.Burial) async {
        do {
            guard let deadLetters else { preconditionFailure("Nothing is buried without a place for it") }
            try await deadLetters.put([burial.letter], of: sink.identity)
            state.withLock { $0.queue.buried(burial) }
            report(.buried(burial.letter))
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
        wakes.raise()
    }
}
