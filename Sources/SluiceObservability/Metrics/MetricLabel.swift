import Metrics
import Sluice

/// The labels of all metrics; what they mean is told at ``StageMetrics``.
enum MetricLabel: String {
    case emitted = "sluice_stage_emitted_total"
    case discarded = "sluice_stage_discarded_total"
    case lost = "sluice_stage_lost_total"
    case demand = "sluice_stage_demand"
    case waiting = "sluice_stage_waiting"
    case buffered = "sluice_stage_buffered"
    case kept = "sluice_stage_kept"
    case activity = "sluice_stage_activity"
    case seconds = "sluice_stage_seconds_total"
    case failures = "sluice_stage_failures_total"
    case restarts = "sluice_stage_restarts_total"
    case ends = "sluice_stage_ends_total"
}

extension StageMetrics {
    func counter(_ label: MetricLabel, _ stage: String) -> Counter {
        Counter(label: label.rawValue, dimensions: dimensions(stage, nil), factory: factory)
    }

    func secondsCounter(_ label: MetricLabel, _ stage: String, _ activity: StageActivity) -> FloatingPointCounter {
        FloatingPointCounter(label: label.rawValue, dimensions: dimensions(stage, activity), factory: factory)
    }

    func gauge(_ label: MetricLabel, _ stage: String, _ activity: StageActivity? = nil) -> Gauge {
        Gauge(label: label.rawValue, dimensions: dimensions(stage, activity), factory: factory)
    }

    private func dimensions(_ stage: String, _ activity: StageActivity?) -> [(String, String)] {
        let names = [("graph", graph), ("stage", stage)]
        return activity.map { names + [("activity", $0.rawValue)] } ?? names
    }
}
