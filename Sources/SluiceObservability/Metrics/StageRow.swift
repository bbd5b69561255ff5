import Metrics
import Sluice

/// The metrics of the stages of one name.
struct StageRow: Sendable {
    private typealias Stage = GraphSnapshot.Stage

    private static let activities: [StageActivity] = [.busy, .waitingForDemand, .waitingForEvents, .paused, .ended]

    /// A counter that is told totals.
    private struct Total: Sendable {
        let counter: Counter
        let figure: @Sendable (Stage) -> Int
        var last = 0

        mutating func record(_ stages: [Stage]) {
            let total = stages.reduce(0) { $0 + figure($1) }
            counter.increment(by: max(0, total - last))
            last = max(last, total)
        }
    }

    /// A counter of the seconds that were spent in one way.
    private struct Seconds: Sendable {
        let counter: FloatingPointCounter
        let activity: StageActivity
        var last = Duration.zero

        mutating func record(_ times: [StageTimes]) {
            let total = times.reduce(.zero) { $0 + $1[activity] }
            counter.increment(by: max(.zero, total - last) / .seconds(1))
            last = max(last, total)
        }
    }

    /// A gauge of what the stages have at a moment.
    private struct Level: Sendable {
        let gauge: Gauge
        let figure: @Sendable (Stage) -> Int

        func record(_ stages: [Stage]) {
            gauge.record(stages.reduce(0) { $0 + figure($1) })
        }
    }

    private let name: String
    private let metrics: StageMetrics
    private var totals: [Total]
    private let levels: [Level]
    private let activities: [(gauge: Gauge, activity: StageActivity)]
    /// Made when there is something to tell.
    private var seconds: [Seconds] = []

    init(_ name: String, _ metrics: StageMetrics) {
        self.name = name
        self.metrics = metrics
        totals = [
            Total(counter: metrics.counter(.emitted, name)) { $0.emitted },
            Total(counter: metrics.counter(.discarded, name)) { $0.discarded },
            Total(counter: metrics.counter(.lost, name)) { $0.lost },
        ]
        levels = [
            Level(gauge: metrics.gauge(.demand, name)) { $0.demand },
            Level(gauge: metrics.gauge(.waiting, name)) { $0.waiting },
            Level(gauge: metrics.gauge(.buffered, name)) { $0.buffered },
            Level(gauge: metrics.gauge(.kept, name)) { $0.keptByDispatcher },
        ]
        activities = Self.activities.map { (metrics.gauge(.activity, name, $0), $0) }
    }

    mutating func record(_ stages: [GraphSnapshot.Stage]) {
        for index in totals.indices { totals[index].record(stages) }
        for level in levels { level.record(stages) }
        for entry in activities { entry.gauge.record(stages.count { $0.activity == entry.activity }) }
        let times = stages.compactMap(\.times)
        guard !times.isEmpty else { return }
        if seconds.isEmpty {
            seconds = Self.activities.filter { $0 != .ended }.map { activity in
                Seconds(counter: metrics.secondsCounter(.seconds, name, activity), activity: activity)
            }
        }
        for index in seconds.indices { seconds[index].record(times) }
    }
}
