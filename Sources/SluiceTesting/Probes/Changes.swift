import Synchronization

/// Lets an expectation wait until what it looks at has changed.
final class Changes: Sendable {
    private struct State {
        var version = 0
        var nextID = 0
        var waiters: [Int: UnsafeContinuation<Void, Never>] = [:]
        var cancelledEarly: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Says that something has changed.
    func made() {
        let waiters = state.withLock { state in
            state.version += 1
            defer { state.waiters = [:] }
            return state.waiters
        }
        // In the order in which they came: a dictionary has none.
        for (_, waiter) in waiters.sorted(by: { $0.key < $1.key }) { waiter.resume() }
    }

    /// Waits until a condition holds.
    ///
    /// On a ``DeterministicExecutor`` the condition is looked at only when nothing else can happen, and the limit is one
    /// of the executor's clock: so nothing is waited for in real time.
    ///
    /// - Returns: False if the limit has passed before.
    /// - Throws: `CancellationError` if the task is cancelled before.
    func until(
        within limit: Duration,
        on clock: any Clock<Duration>,
        _ condition: @escaping @Sendable () -> Bool
    ) async throws -> Bool {
        let executor = DeterministicExecutor.current
        let clock = executor?.clock ?? clock
        let isMet = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let version = self.state.withLock { $0.version }
                    await executor?.idle()
                    if condition() { return true }
                    await self.wait(after: version)
                }
                return false
            }
            group.addTask {
                try? await clock.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        try Task.checkCancellation()
        return isMet || condition()
    }

    private func wait(after version: Int) async {
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.cancelledEarly.remove(id) == nil, state.version == version else { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                if let waiter = state.waiters.removeValue(forKey: id) { return waiter as UnsafeContinuation? }
                state.cancelledEarly.insert(id)
                return nil
            }
            waiter?.resume()
        }
    }
}
