/// The way to cancel one stage's task from outside without cancelling its siblings.
///
/// The stage publishes its task when it begins and withdraws it before it returns. A canceller uses the task outside
/// of the lock, counted, and the stage waits for that count to fall to 0: so the task is alive whenever it is used.
struct Interruption: Sendable {
    private struct Handle: @unchecked Sendable {
        // Only `cancel()` is called on it, which is safe from any thread while the task lives; see above.
        let task: UnsafeCurrentTask
    }

    private enum State {
        case notStarted(isInterrupted: Bool)
        case running(Handle)
        case withdrawn
    }

    private var state = State.notStarted(isInterrupted: false)
    private var uses = 0

    /// - Returns: Whether the stage was interrupted before it began.
    mutating func publish(_ task: UnsafeCurrentTask) -> Bool {
        defer { state = .running(Handle(task: task)) }
        guard case .notStarted(let isInterrupted) = state else { return false }
        return isInterrupted
    }

    /// - Returns: How to cancel the task; call ``release()`` afterwards. Nil if there is no task to cancel.
    mutating func acquire() -> (@Sendable () -> Void)? {
        switch state {
        case .notStarted:
            state = .notStarted(isInterrupted: true)
            return nil
        case .running(let handle):
            uses += 1
            return { handle.task.cancel() }
        case .withdrawn:
            return nil
        }
    }

    mutating func release() {
        uses -= 1
    }

    /// - Returns: Whether nobody uses the task any more; ask again if not.
    mutating func withdraw() -> Bool {
        state = .withdrawn
        return uses == 0
    }
}
