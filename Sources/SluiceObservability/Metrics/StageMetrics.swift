public import Metrics
public import Sluice

/// Tells a metrics system about a graph of stages.
///
/// ```swift
/// let metrics = StageMetrics(graph: "orders")
/// try await withStages(recording: metrics, every: .seconds(10)) { stages in
///     let source = stages.start("source") { OrderSource() }
///     let store = stages.start("store") { OrderStore() }
///     try await store.subscribe(to: source)
/// }
/// ```
///
/// Figures are read at an interval from ``Sluice/Stages/snapshot()``; events themselves cost nothing more. Every metric has
/// the dimensions `graph` and `stage`, which are names; stages of one name are added up.
///
/// | label | kind | meaning |
/// |---|---|---|
/// | `sluice_stage_emitted_total` | counter | events that the stage has emitted |
/// | `sluice_stage_discarded_total` | counter | emitted events that nobody got |
/// | `sluice_stage_lost_total` | counter | received events that no handler has dealt with, because of failures |
/// | `sluice_stage_demand` | gauge | events that its consumers want beyond what it has emitted |
/// | `sluice_stage_waiting` | gauge | received events that wait for its handler |
/// | `sluice_stage_buffered` | gauge | emitted events that no consumer wants yet, or that are being delivered |
/// | `sluice_stage_kept` | gauge | emitted events in its dispatcher's own queues |
/// | `sluice_stage_activity` | gauge | how many stages of the name do what the dimension `activity` says: a case of ``Sluice/StageActivity`` |
/// | `sluice_stage_seconds_total` | counter | seconds that it has spent so, by `activity` except `ended`; only if the graph is measured, and not for a pool |
/// | `sluice_stage_failures_total` | counter | errors that it has thrown |
/// | `sluice_stage_restarts_total` | counter | how often it was to be started afresh, because of its own failure or another's |
/// | `sluice_stage_ends_total` | counter | ends for good while the graph went on, because of its own failure or another's |
///
/// The last three come from reports, at once; the others from snapshots. A name must not say more than a time series is
/// worth: a stage per customer is one for each.
public struct StageMetrics: Sendable {
    let graph: String
    let factory: any MetricsFactory

    /// Says which graph, and to whom.
    ///
    /// - Parameters:
    ///   - graph: The dimension `graph` of every metric.
    ///   - factory: Makes the metrics.
    public init(graph: String, factory: any MetricsFactory = MetricsSystem.factory) {
        self.graph = graph
        self.factory = factory
    }

    /// Counts what a report tells; for the `reporting` of `withStages`.
    ///
    /// - Parameter report: A report of the graph.
    public func record(_ report: GraphReport) {
        switch report {
        case .failed(let stage, _, let consequence):
            counter(.failures, stage).increment()
            switch consequence {
            case .restart(let stages): for stage in stages { counter(.restarts, stage).increment() }
            case .end: counter(.ends, stage).increment()
            case .graphFailure: break
            }
        case .ended(let stage, _):
            counter(.ends, stage).increment()
        case .drained:
            // No figure of a stage.
            break
        }
    }

    /// Records the figures of a graph at an interval, until the task is cancelled, and once more then.
    ///
    /// For a child task of whoever has the graph; ``withStages(recording:every:clock:measuring:reporting:_:)`` does it by
    /// itself.
    ///
    /// - Parameters:
    ///   - stages: The graph. Only one call at a time may record it: counters count what is new to a call.
    ///   - interval: From one reading to the next, above 0.
    ///   - clock: Measures the interval.
    public func sample(
        _ stages: Stages,
        every interval: Duration = .seconds(10),
        clock: any Clock<Duration> = ContinuousClock()
    ) async {
        var sampler = StageSampler(metrics: self)
        await sampler.run(stages, every: interval, clock: clock)
        sampler.record(stages.snapshot())
    }
}
