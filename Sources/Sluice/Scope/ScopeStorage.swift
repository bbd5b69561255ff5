/// A graph at run time: the scope's machine under a lock, and the effects of its decisions.
final class ScopeStorage: Sendable {
    private let machine = Lock(ScopeMachine())
    let clock: any Clock<Duration>
    let supervisor: Supervisor
    let report: @Sendable (GraphReport) -> Void
    /// The time since the graph began.
    let time: @Sendable () -> Duration
    private let isMeasured: Bool

    init(clock: any Clock<Duration>, isMeasured: Bool, report: @escaping @Sendable (GraphReport) -> Void) {
        self.clock = clock
        self.isMeasured = isMeasured
        self.report = report
        time = Self.time(of: clock)
        supervisor = Supervisor(time: time)
    }

    private static func time(of clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }

    /// The time since the graph began; nil, and the clock is not read, if its stages' times are not measured.
    var measuredTime: Duration? { isMeasured ? time() : nil }

    var firstFailure: (any Error)? { machine.withLock { $0.firstFailure } }
    var snapshots: [StageSnapshot] { nodes.map(\.snapshot) }

    var lastSnapshot: GraphSnapshot? { machine.withLock { $0.lastSnapshot } }
    var nodes: [any StageNode] { machine.withLock { $0.nodes } }

    // MARK: Calls of the user

    func newStageID() -> StageID {
        StageID(scope: ObjectIdentifier(self), number: machine.withLock { $0.newStageNumber() })
    }

    func newSubscriptionID() throws -> SubscriptionID {
        try machine.withLock { machine in
            if let refusal = machine.refusal { throw refusal }
            return machine.newSubscriptionID()
        }
    }

    func start(_ node: any StageNode, in group: Int) {
        supervisor.addStage(node.id.number, to: group)
        let (waiter, isGoing, isRefused) = machine.withLock { ($0.start(node), $0.isGoing, $0.refusal != nil) }
        waiter?.resume()
        if isGoing { node.go() }
        if isRefused { node.cancel() }
    }

    func go() {
        machine.withLock { $0.go() }
        for node in nodes { node.go() }
    }

    func drain(within deadline: Duration?) {
        let time = time()
        machine.withLock { $0.drain(at: time, within: deadline) }?.resume()
        for node in nodes { node.drain() }
    }

    func cancel() {
        machine.withLock { $0.cancel() }?.resume()
        supervisor.cancel()
        for node in nodes { node.cancel() }
    }

    /// The body has returned.
    func close() {
        machine.withLock { $0.close() }?.resume()
        for node in nodes { node.scopeClosed() }
    }

    /// Everything has ended: the stages and the scope let go of each other.
    ///
    /// What they still have goes to their hooks.
    func dismantle() {
        let failure = firstFailure
        for node in nodes { node.discardRemains(because: failure) }
        let last = snapshot()
        for node in machine.withLock({ $0.dismantle(leaving: last) }) { node.dismantle() }
    }

    /// Throws what ended the graph before its time, if something did.
    func checkEnd() throws {
        let (failure, isCancelled) = machine.withLock { ($0.firstFailure, $0.isCancelled) }
        if let failure { throw failure }
        if isCancelled { throw CancellationError() }
    }

    // MARK: Reports of the stages

    /// The stage of this number; nil before it has begun.
    func node(_ number: Int) -> (any StageNode)? { nodes.first { $0.id.number == number } }

    func names(of stages: [Int]) -> [String] { stages.compactMap { node($0)?.name } }

    func failed(_ error: any Error, in stage: String) {
        guard machine.withLock({ $0.failed(error) }) else { return }
        report(.failed(stage: stage, error: error, consequence: .graphFailure))
        cancel()
    }

    // MARK: The control child

    /// Runs every stage as a child task, until the body has returned and all have ended.
    func control() async {
        await withDiscardingTaskGroup { group in
            while let command = await nextCommand() {
                switch command {
                case .run(let node):
                    let run: @concurrent @Sendable () async -> Void = { [self] in
                        await node.run()
                        machine.withLock { $0.stageEnded() }?.resume()
                    }
                    // A preference of nil would not be the caller's, but none.
                    if let executor = node.executor {
                        group.addTask(executorPreference: executor, operation: run)
                    } else {
                        group.addTask(operation: run)
                    }
                case .deadline(let deadline):
                    group.addTask { [self] in
                        // A cancelled sleep means that everything ended in time.
                        guard (try? await clock.sleep(for: deadline)) != nil else { return }
                        deadlinePassed(deadline)
                    }
                case .cancelTasks:
                    group.cancelAll()
                }
            }
            group.cancelAll()
        }
        guard let duration = machine.withLock({ $0.drainDuration(at: time()) }) else { return }
        report(.drained(DrainReport(duration: duration, remainders: [])))
    }

    private func deadlinePassed(_ deadline: Duration) {
        let names = nodes.filter { !$0.hasEnded }.map { "'\($0.name)'" }
        guard !names.isEmpty else { return }
        let remainders = nodes.map(\.remainder).filter { $0.activity != .ended || $0.waiting + $0.undelivered > 0 }
        let report = DrainReport(duration: deadline, remainders: remainders)
        let message = "The drain was given \(deadline); still running then: \(names.joined(separator: ", "))"
        let error = StageError(.drainDeadlineExceeded, message, cause: report)
        guard machine.withLock({ $0.failed(error) }) else { return }
        self.report(.drained(report))
        cancel()
    }

    private func nextCommand() async -> ScopeMachine.Command? {
        while true {
            let (command, isOver) = machine.withLock { $0.nextCommand() }
            if isOver { return nil }
            if let command { return command }
            await withUnsafeContinuation { continuation in
                if machine.withLock({ $0.park(continuation) }) { continuation.resume() }
            }
        }
    }
}
