import Synchronization

/// What has happened, in order, and those who wait for it.
final class Journal<Entry: Sendable>: Sendable {
    private struct State {
        var entries: [Entry] = []
        var isAbandoned = false
        var waiters: [(isEnough: @Sendable ([Entry]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var entries: [Entry] { state.withLock(\.entries) }

    func add(_ entry: Entry) {
        let ready = state.withLock { state in
            state.entries.append(entry)
            let (entries, waiters) = (state.entries, state.waiters)
            state.waiters = waiters.filter { !$0.isEnough(entries) }
            return waiters.filter { $0.isEnough(entries) }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Waits until enough has happened, or the task is cancelled, as by a pipeline that fails.
    func wait(until isEnough: @escaping @Sendable ([Entry]) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isAbandoned || isEnough(state.entries) { return true }
                    state.waiters.append((isEnough, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiters = state.withLock { state in
                state.isAbandoned = true
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.continuation.resume() }
        }
    }
}
