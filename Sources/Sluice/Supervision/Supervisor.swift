/// The supervision of a graph: its tree under a lock, the stages that wait to be started again, and the time.
final class Supervisor: Sendable {
    private struct State {
        var tree = SupervisionTree()
        /// Stopped stages, and those that were released before they began to wait.
        var waiting: [Int: UnsafeContinuation<Duration?, Never>] = [:]
        var released: [Int: Duration] = [:]
        var isCancelled = false
    }

    private let state = Lock(State())
    /// The time since the graph began.
    private let time: @Sendable () -> Duration

    init(time: @escaping @Sendable () -> Duration) {
        self.time = time
    }

    func addGroup(
        to parent: Int,
        _ policy: RestartPolicy,
        _ strategy: RestartStrategy,
        _ surrender: Surrender
    ) -> Int {
        state.withLock { $0.tree.addGroup(to: parent, policy, strategy, surrender) }
    }

    func addStage(_ stage: Int, to group: Int) {
        state.withLock { $0.tree.addStage(stage, to: group) }
    }

    func failed(_ stage: Int) -> SupervisionTree.Verdict {
        let time = time()
        return state.withLock { $0.tree.failed(stage, at: time) }
    }

    /// Waits until a stage that has stopped may start again.
    ///
    /// - Returns: How long it waits before; nil if the graph is cancelled.
    func release(of stage: Int) async -> Duration? {
        act { $0.tree.stopped(stage) }
        return await withUnsafeContinuation { continuation in
            let (isCancelled, delay) = state.withLock { state -> (Bool, Duration?) in
                if state.isCancelled { return (true, nil) }
                if let delay = state.released.removeValue(forKey: stage) { return (false, delay) }
                state.waiting[stage] = continuation
                return (false, nil)
            }
            if isCancelled || delay != nil { continuation.resume(returning: delay) }
        }
    }

    func ended(_ stage: Int) {
        act { $0.tree.ended(stage) }
    }

    /// Nothing is started again.
    func cancel() {
        let stopped = state.withLock { state in
            state.isCancelled = true
            defer { state.waiting = [:] }
            return state.waiting.sorted { $0.key < $1.key }
        }
        for entry in stopped { entry.value.resume(returning: nil) }
    }

    private func act(_ transition: (inout State) -> [SupervisionTree.Release]) {
        let resumed = state.withLock { state in
            transition(&state).compactMap { release -> (UnsafeContinuation<Duration?, Never>, Duration)? in
                guard let waiter = state.waiting.removeValue(forKey: release.stage) else {
                    state.released[release.stage] = release.delay
                    return nil
                }
                return (waiter, release.delay)
            }
        }
        for entry in resumed { entry.0.resume(returning: entry.1) }
    }
}
