/// Runs a graph of stages and returns when all of them have ended.
///
/// The body starts stages and wires them. Sources begin when it returns, or when it calls ``Stages/go()``; so no event
/// is lost to a consumer that subscribes later. When the body has returned, a consumer without a producer finishes, and
/// a source without a consumer is cancelled.
///
/// ```swift
/// try await withStages { stages in
///     let numbers = stages.start { Counter() }
///     let printed = stages.start { Printer() }
///     try await printed.subscribe(to: numbers, maxDemand: 10)
/// }
/// ```
///
/// No task outlives the call. Cancelling the calling task cancels every stage; what was on its way then goes to the hooks
/// of the stages that have it.
///
/// - Parameters:
///   - clock: Measures the deadlines of drains, the waits before stages are started again, and the times of stages.
///   - measuring: Whether snapshots tell how each stage spends its time: see ``StageTimes``. It costs a look at the clock
///     whenever a stage's task begins or ends to wait.
///   - report: Told of failures and what they led to, by the tasks of the stages; must not block.
///   - body: Wires the graph.
/// - Returns: What the body returns.
/// - Throws: What the body throws; else the first error that a stage threw; `CancellationError` if the task was
///   cancelled before the graph had ended.
public func withStages<Result>(
    clock: any Clock<Duration> = ContinuousClock(),
    measuring: Bool = false,
    reporting report: @escaping @Sendable (GraphReport) -> Void = { _ in },
    _ body: (Stages) async throws -> Result
) async throws -> Result {
    let scope = ScopeStorage(clock: clock, isMeasured: measuring, report: report)
    defer { scope.dismantle() }
    return try await withTaskCancellationHandler {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await scope.control() }
            do {
                let result = try await body(Stages(scope: scope))
                scope.close()
                try await group.waitForAll()
                try scope.checkEnd()
                return result
            } catch {
                scope.cancel()
                scope.close()
                try await group.waitForAll()
                throw error
            }
        }
    } onCancel: {
        // Only records in the machines and resumes: it may run on any thread.
        scope.cancel()
    }
}
