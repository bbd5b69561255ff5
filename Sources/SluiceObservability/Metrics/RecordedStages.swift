public import Sluice

/// Runs a graph of stages and tells a metrics system about it, from its beginning to its end.
///
/// It is ``Sluice/withStages(clock:measuring:reporting:_:)`` with two things more: the graph's figures are recorded when
/// the body begins, then at an interval, and once more when everything has ended, however it ended; and every report is
/// counted.
///
/// - Parameters:
///   - metrics: What to record, and where.
///   - interval: From one reading to the next, above 0.
///   - clock: The graph's clock; it measures the interval as well.
///   - measuring: Whether the stages' times are measured, and recorded.
///   - report: Told of failures and what they led to, by the tasks of the stages; must not block.
///   - body: Wires the graph.
/// - Returns: What the body returns.
/// - Throws: What the graph throws.
public func withStages<Value>(
    recording metrics: StageMetrics,
    every interval: Duration = .seconds(10),
    clock: any Clock<Duration> = ContinuousClock(),
    measuring: Bool = false,
    reporting report: @escaping @Sendable (GraphReport) -> Void = { _ in },
    _ body: (Stages) async throws -> Value
) async throws -> Value {
    try await withTaskGroup(of: StageSampler.self) { group in
        var graph: Stages?
        let outcome: Result<Value, any Error>
        do {
            let value = try await withStages(
                clock: clock,
                measuring: measuring,
                reporting: { event in
                    metrics.record(event)
                    report(event)
                },
                { stages in
                    graph = stages
                    group.addTask {
                        var sampler = StageSampler(metrics: metrics)
                        await sampler.run(stages, every: interval, clock: clock)
                        return sampler
                    }
                    return try await body(stages)
                }
            )
            outcome = .success(value)
        } catch {
            outcome = .failure(error)
        }
        group.cancelAll()
        if var sampler = await group.next(), let graph { sampler.record(graph.snapshot()) }
        return outcome
    }
    .get()
}
