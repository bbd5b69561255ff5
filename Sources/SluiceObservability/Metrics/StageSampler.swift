import Sluice

/// Records the snapshots of one graph, one after the other.
struct StageSampler: Sendable {
    private let metrics: StageMetrics
    /// The stages' metrics, by their names.
    private var rows: [String: StageRow] = [:]

    init(metrics: StageMetrics) {
        self.metrics = metrics
    }

    /// Records at an interval, until the task is cancelled.
    mutating func run(_ stages: Stages, every interval: Duration, clock: any Clock<Duration>) async {
        precondition(interval > .zero, "Figures are read from time to time, not every \(interval)")
        repeat { record(stages.snapshot()) } while (try? await clock.sleep(for: interval)) != nil
    }

    mutating func record(_ snapshot: GraphSnapshot) {
        for (name, stages) in Dictionary(grouping: snapshot.stages, by: \.name) {
            var row = rows[name] ?? StageRow(name, metrics)
            row.record(stages)
            rows[name] = row
        }
    }
}
