/// A closure on its way into a stage, and the caller that waits for it.
///
/// Exactly one of `run` and `fail` is called, once: by whoever took the request out of the stage's machine.
final class PerformRequest<Value>: Sendable {
    /// The stages that wait for this call, the caller's own last.
    let callers: [StageID]
    let run: @Sendable (inout Value) async -> Void
    let fail: @Sendable (any Error) -> Void

    init(
        callers: [StageID],
        run: @escaping @Sendable (inout Value) async -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.callers = callers
        self.run = run
        self.fail = fail
    }
}

/// The stages on whose behalf the current task runs, of the innermost graph last.
enum CallChain {
    @TaskLocal static var stages: [StageID] = []
}
