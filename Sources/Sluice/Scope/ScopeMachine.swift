import DequeModule

/// What a graph as a whole decides: which stages exist, whether more may come, and what ended it.
struct ScopeMachine: ~Copyable {
    /// What the control child of `withStages` does next.
    enum Command {
        case run(any StageNode)
        case deadline(Duration)
        /// Cancel the tasks of all stages.
        case cancelTasks
    }

    private enum Phase {
        case open
        /// The body has returned.
        case closed
        /// Everything has ended.
        case ended
    }

    private var phase = Phase.open
    private(set) var isGoing = false
    private(set) var isCancelled = false
    private(set) var isDraining = false
    private var drainBegin: Duration?
    private(set) var firstFailure: (any Error)?
    private(set) var nodes: [any StageNode] = []
    /// How everything looked when it had ended.
    private(set) var lastSnapshot: GraphSnapshot?
    private var commands: Deque<Command> = []
    private var running = 0
    private var nextStage = 0
    private var nextSubscription = 0
    private var waiter: UnsafeContinuation<Void, Never>?

    /// The error that every pending and later call on the graph gets, if it cannot go on.
    var refusal: (any Error)? {
        if let firstFailure { return firstFailure }
        if isCancelled { return CancellationError() }
        if phase != .open || isDraining {
            return StageError(.closed, "The graph takes no more stages and subscriptions: it is ending")
        }
        return nil
    }

    mutating func newStageNumber() -> Int {
        defer { nextStage += 1 }
        return nextStage
    }

    mutating func newSubscriptionID() -> SubscriptionID {
        defer { nextSubscription += 1 }
        return SubscriptionID(number: nextSubscription)
    }

    mutating func start(_ node: any StageNode) -> UnsafeContinuation<Void, Never>? {
        guard refusal == nil else { return nil }
        nodes.append(node)
        running += 1
        commands.append(.run(node))
        return takeWaiter()
    }

    mutating func go() {
        isGoing = true
    }

    mutating func close() -> UnsafeContinuation<Void, Never>? {
        if phase == .open { phase = .closed }
        isGoing = true
        return takeWaiter()
    }

    mutating func drain(at time: Duration, within deadline: Duration?) -> UnsafeContinuation<Void, Never>? {
        isDraining = true
        drainBegin = drainBegin ?? time
        if let deadline { commands.append(.deadline(deadline)) }
        return takeWaiter()
    }

    /// How long a drain has taken, if there was one and everything came to its end by it.
    func drainDuration(at time: Duration) -> Duration? {
        guard firstFailure == nil, !isCancelled, let drainBegin else { return nil }
        return time - drainBegin
    }

    /// - Returns: Whether this is the first failure; only that one is kept.
    mutating func failed(_ error: any Error) -> Bool {
        guard firstFailure == nil, !isCancelled else { return false }
        firstFailure = error
        return true
    }

    mutating func cancel() -> UnsafeContinuation<Void, Never>? {
        guard phase != .ended else { return nil }
        isCancelled = true
        commands.append(.cancelTasks)
        return takeWaiter()
    }

    mutating func stageEnded() -> UnsafeContinuation<Void, Never>? {
        running -= 1
        return takeWaiter()
    }

    /// The next command; nil with `isOver` set when there will be none.
    mutating func nextCommand() -> (command: Command?, isOver: Bool) {
        if let command = commands.popFirst() { return (command, false) }
        guard phase != .open, running == 0 else { return (nil, false) }
        phase = .ended
        return (nil, true)
    }

    /// - Returns: Whether the control child must be resumed at once.
    mutating func park(_ continuation: UnsafeContinuation<Void, Never>) -> Bool {
        if hasWork { return true }
        waiter = continuation
        return false
    }

    /// Gives out the stages, to be taken apart.
    mutating func dismantle(leaving snapshot: GraphSnapshot) -> [any StageNode] {
        phase = .ended
        lastSnapshot = snapshot
        defer { nodes = [] }
        return nodes
    }

    private var hasWork: Bool { !commands.isEmpty || phase != .open && running == 0 }

    private mutating func takeWaiter() -> UnsafeContinuation<Void, Never>? {
        guard hasWork else { return nil }
        defer { waiter = nil }
        return waiter
    }
}
