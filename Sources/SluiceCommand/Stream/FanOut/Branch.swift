import Sluice
import SluicePostgres
import SluiceSinks
import Synchronization

/// One sink behind the log: opened, fed from where it is, and after a failure opened and fed again, while others go on.
final class Branch: Sendable {
    /// What a branch is doing.
    enum Phase: String, Encodable, Sendable {
        case opening, delivering, unreachable, failing, detached, ended
    }

    /// What a branch needs of the stream that it is a part of.
    struct Surroundings: Sendable {
        var log: SpillLog
        var source: SourceIdentity
        var deadLetters: (any DeadLetterBox)?
        /// How many bytes of changes the branch may hold.
        var memory: Int
        var rate: Int?
        var attempts: Int
        var console: Console
        var buried: @Sendable () -> Void
    }

    struct State {
        var phase = Phase.opening
        var reason: String?
        /// As it was last saved.
        var saved: Checkpoint
        var position: SinkPosition
        var messages = 0
        var opened: FreshSink?
        var reader: LogReader?
        var stages: Stages?
        var isStopping = false
        /// Ends a wait between two attempts.
        var wake: AsyncStream<Void>.Continuation?
        /// The log need not keep what the sink has been given, in whole changes, and made durable; to be saved first.
        var settled: Cursor?
    }

    /// A sink that was opened for its first time, with where its part of the log begins.
    struct FreshSink {
        var sink: any Sink
        var after: Cursor
    }

    let identity: String
    let state: Mutex<State>

    private let choice: SinkChoice
    private let surroundings: Surroundings
    private let attachment: LogAttachment
    private let limit: RateLimit

    /// Makes a branch.
    ///
    /// - Parameters:
    ///   - choice: The sink.
    ///   - attachment: What the log keeps for it.
    ///   - checkpoint: As it was saved last.
    ///   - opened: The sink, if it is open already.
    ///   - surroundings: Of all branches.
    init(
        _ choice: SinkChoice,
        _ attachment: LogAttachment,
        checkpoint: Checkpoint,
        opened: FreshSink?,
        _ surroundings: Surroundings
    ) {
        self.choice = choice
        self.attachment = attachment
        self.surroundings = surroundings
        identity = attachment.sink
        limit = RateLimit(rate: surroundings.rate, clock: ContinuousClock())
        state = Mutex(State(saved: checkpoint, position: checkpoint.position, opened: opened))
        if attachment.isDetached { detach() }
    }

    /// Feeds the sink until the log has ended and the sink has all of it, or until it is stopped or detached.
    ///
    /// - Throws: `CancellationError`; a sink's failures stay here.
    func run() async throws {
        var backoff = Backoff(base: .milliseconds(200), maximum: .seconds(30))
            .jittered(by: 0.3, using: SystemRandomNumberGenerator())
        var failures = 0
        while !isStopping {
            let before = state.withLock { $0.messages }
            do {
                try await feed()
                state.withLock { if $0.phase != .detached { $0.phase = .ended } }
                return
            } catch {
                try Task.checkCancellation()
                guard !isStopping else { return }
                failures = state.withLock { $0.messages } == before ? failures + 1 : 1
                guard await wait(backoff.delay(after: failures), after: error) else { return }
            }
        }
    }

    /// Stops reading the log, and lets what was read be delivered.
    func stop() {
        let (stages, wake) = state.withLock { state in
            state.isStopping = true
            return (state.stages, state.wake)
        }
        wake?.finish()
        stages?.drain(within: StreamSession.drainDeadline)
    }

    /// Gives the sink up.
    func detach() {
        let (stages, wake) = state.withLock { state in
            (state.phase, state.isStopping) = (.detached, true)
            return (state.stages, state.wake)
        }
        wake?.finish()
        stages?.cancel()
    }

    var isDetached: Bool { state.withLock { $0.phase == .detached } }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Tells of a failure, and waits before the next attempt.
    ///
    /// - Returns: Whether there is to be one.
    private func wait(_ pause: Duration, after error: any Error) async -> Bool {
        let cause = (error as? StageError)?.cause ?? error
        let reason = "\(cause)"
        let isNew = state.withLock { state in
            defer { (state.phase, state.reason) = (.failing, reason) }
            return state.reason != reason
        }
        // To open it again would take it back from the process that has it now, which would do the same.
        let isOver = (cause as? SinkError)?.code == .takenOver
        if isNew || isOver {
            surroundings.console.notice(
                "\(identity) failed: \(reason) Other sinks go on; what this one lacks is kept for it."
                    + (isOver ? "" : " It is tried again.")
            )
        }
        await self.pause(isOver ? nil : pause)
        return !isOver && !isStopping
    }

    /// Waits, but not after the branch is stopped.
    ///
    /// - Parameter duration: How long; nil: until then.
    private func pause(_ duration: Duration?) async {
        // A stream ends for good when one who waits for it is cancelled: so each wait has its own.
        let (stops, wake) = AsyncStream<Void>.makeStream()
        let isStopping = state.withLock { state in
            state.wake = wake
            return state.isStopping
        }
        if isStopping { return }
        await withTaskGroup(of: Void.self) { group in
            if let duration { group.addTask { try? await Task.sleep(for: duration) } }
            group.addTask { for await _ in stops {} }
            await group.next()
            group.cancelAll()
        }
    }

    private func feed() async throws {
        let fresh = state.withLock { state in
            state.phase = .opening
            return state.opened.take()
        }
        let sink = fresh?.sink ?? choice.makeSink()
        do {
            let after: Cursor
            if let fresh { after = fresh.after } else { after = try await open(sink) }
            try await deliver(to: sink, above: after)
        } catch {
            await sink.close()
            throw error
        }
        await sink.close()
    }

    /// Opens the sink, and finds where its part of the log begins.
    private func open(_ sink: any Sink) async throws -> Cursor {
        var checkpoint = state.withLock { $0.saved }
        checkpoint.position = state.withLock { $0.position }
        let hasPosition = checkpoint.position != SinkPosition(cursor: nil)
        let opening = try await sink.open(
            for: surroundings.source,
            remembered: hasPosition ? checkpoint.position : nil
        )
        for notice in opening.notices { surroundings.console.notice(notice) }
        let facts = AttachDecision.Facts(
            sink: identity,
            floor: attachment.after,
            last: attachment.after,
            checkpoint: checkpoint,
            opening: opening,
            isOrdered: sink is any OrderedSink
        )
        let after = try AttachDecision(resuming: facts, attachment).after
        state.withLock { $0.position = opening.position }
        return after
    }

    private func deliver(to sink: any Sink, above after: Cursor) async throws {
        let budget = Budget(capacity: surroundings.memory)
        let reader = LogReader(
            surroundings.log,
            above: after,
            filter: TableFilter(choice.tables),
            keepsRows: sink.takesRows,
            budget: budget
        )
        defer { reader.close() }
        let hadFailed = state.withLock { state in
            (state.phase, state.reader) = (.delivering, reader)
            return state.reason.take() != nil
        }
        defer { state.withLock { ($0.reader, $0.stages) = (nil, nil) } }
        if hadFailed { surroundings.console.notice("\(identity) is open again.") }
        let path = try DeliveryPath(
            to: sink,
            deadLetters: surroundings.deadLetters,
            budget: budget,
            attempts: surroundings.attempts,
            report: { [self] in tell($0) },
            delivered: { [self] in took($0) }
        )
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { [self] in
                try await runGraph(reader, path)
                return true
            }
            group.addTask {
                try await path.run()
                return false
            }
            while let graphHasEnded = try await group.next(), !graphHasEnded {}
            group.cancelAll()
        }
    }

    private func runGraph(_ reader: LogReader, _ path: DeliveryPath) async throws {
        do {
            try await withStages { stages in
                let log = stages.start("log") { LogSource(reader) }
                try await path.attach(to: log, in: stages, limit: limit)
                let (isStopping, phase) = state.withLock { state in
                    state.stages = stages
                    return (state.isStopping, state.phase)
                }
                if phase == .detached { stages.cancel() } else if isStopping { stages.drain(within: .zero) }
            }
        } catch let error as StageError where error.code == .drainDeadlineExceeded {
            // The user asked for the end; the log keeps what could not be delivered.
        }
    }

    private func took(_ delivered: Delivered) {
        state.withLock { state in
            state.position = delivered.position
            state.settled = delivered.position.cursor
            state.messages += delivered.messages
        }
    }

    private func tell(_ event: RequestLoop.Event) {
        switch event {
        case .unreachable(let reason):
            state.withLock { state in
                if state.phase == .delivering { (state.phase, state.reason) = (.unreachable, reason) }
            }
        case .reachable:
            state.withLock { state in
                if state.phase == .unreachable { (state.phase, state.reason) = (.delivering, nil) }
            }
        case .buried: surroundings.buried()
        }
        surroundings.console.notice(DeliveryNotices.notice(of: event, sink: identity))
    }
}
