import Sluice
import Synchronization

/// What the stages of one simulation saw.
final class SimulationJournal: Sendable {
    private struct State {
        var emitted: [SimulatedEvent.Identity] = []
        var handled: [SimulatedEvent.Identity] = []
        var largestEmission: [Int: Int] = [:]
        var windows: [SubscriptionID: Int] = [:]
        var violation: String?
        var liveStages = 0
        var endedSources = 0
        var drowsy: [StageContext] = []
        var stages: Stages?
    }

    private let state = Mutex(State())

    /// What the sources emitted.
    var emitted: [SimulatedEvent.Identity] { state.withLock { $0.emitted } }
    /// What the last layer handled.
    var handled: [SimulatedEvent.Identity] { state.withLock { $0.handled } }
    var violation: String? { state.withLock { $0.violation } }
    var liveStages: Int { state.withLock { $0.liveStages } }
    var endedSources: Int { state.withLock { $0.endedSources } }
    var stages: Stages? { state.withLock { $0.stages } }

    func began(_ stages: Stages?) { state.withLock { $0.stages = stages } }
    func wasEmitted(_ events: [SimulatedEvent]) { state.withLock { $0.emitted += events.map(\.identity) } }
    func wasHandled(_ events: [SimulatedEvent]) { state.withLock { $0.handled += events.map(\.identity) } }
    func violated(_ rule: String) { state.withLock { $0.violation = $0.violation ?? rule } }

    func emission(of stage: Int, _ count: Int) {
        state.withLock { $0.largestEmission[stage] = max($0.largestEmission[stage] ?? 0, count) }
    }

    func largestEmission(of stage: Int) -> Int { state.withLock { $0.largestEmission[stage] ?? 0 } }

    /// - Parameter max: The window of an automatic subscription; for a manual one what the stage keeps outstanding.
    func subscribed(_ id: SubscriptionID, max: Int) { state.withLock { $0.windows[id] = max } }
    func window(of id: SubscriptionID) -> Int? { state.withLock { $0.windows[id] } }

    func fellAsleep(_ context: StageContext) { state.withLock { $0.drowsy.append(context) } }

    /// Wakes the sources that returned nothing.
    func wakeAll() {
        let contexts = state.withLock { state in
            defer { state.drowsy = [] }
            return state.drowsy
        }
        for context in contexts { context.wake() }
    }

    /// Lives as long as a stage's value.
    final class Life: Sendable {
        private let journal: SimulationJournal
        private let isSource: Bool

        init(_ journal: SimulationJournal, isSource: Bool = false) {
            self.journal = journal
            self.isSource = isSource
            journal.state.withLock { $0.liveStages += 1 }
        }

        deinit {
            journal.state.withLock { state in
                state.liveStages -= 1
                if isSource { state.endedSources += 1 }
            }
        }
    }
}
