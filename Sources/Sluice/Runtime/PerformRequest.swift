/// A closure on its way into a stage, and the caller that waits for it.
///
/// Exactly one of `run` and `fail` is called, once: by whoever took the request out of the stage's machine.
final class PerformRequest: Sendable {
    /// The stages that wait for this call, its caller's own first.
    let callers: [StageID]
    let run: @Sendable (RunningStage) async -> Void
    let fail: @Sendable (any Error) -> Void

    init(
        callers: [StageID],
        run: @escaping @Sendable (RunningStage) async -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.callers = callers
        self.run = run
        self.fail = fail
    }
}

/// The stages on whose behalf the current task runs.
enum CallChain {
    @TaskLocal static var stages: [StageID] = []
}
