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
        var memories: [Int: StageMemory] = [:]
        /// By emitter and position: how often the event was handled, lost or discarded.
        var fates: [[Int]: [String]] = [:]
        var reports: Set<Report> = []
        var drowsy: [StageContext] = []
        var stages: Stages?
    }

    /// The kinds of reports.
    enum Report: CaseIterable, Hashable {
        case restart
        case restartOfSeveral
        case end
        case endBecauseOfAnother
        case graphFailure
        case drained
        case drainedTooLate
    }

    private let state = Mutex(State())

    var reports: Set<Report> { state.withLock { $0.reports } }

    func reported(_ report: GraphReport) {
        let kind: Report =
            switch report {
            case .failed(_, _, .restart(let stages)): stages.count == 1 ? .restart : .restartOfSeveral
            case .failed(_, _, .end): .end
            case .failed(_, _, .graphFailure): .graphFailure
            case .ended: .endBecauseOfAnother
            case .drained(let report): report.remainders.isEmpty ? .drained : .drainedTooLate
            }
        state.withLock { _ = $0.reports.insert(kind) }
    }

    /// What the sources emitted.
    var emitted: [SimulatedEvent.Identity] { state.withLock { $0.emitted } }
    /// What the last layer handled.
    var handled: [SimulatedEvent.Identity] { state.withLock { $0.handled } }
    var violation: String? { state.withLock { $0.violation } }
    var liveStages: Int { state.withLock { $0.liveStages } }
    var stages: Stages? { state.withLock { $0.stages } }

    func began(_ stages: Stages?) { state.withLock { $0.stages = stages } }
    func wasEmitted(_ events: [SimulatedEvent]) { state.withLock { $0.emitted += events.map(\.identity) } }
    func wasHandled(_ events: [SimulatedEvent]) { state.withLock { $0.handled += events.map(\.identity) } }
    func violated(_ rule: String) { state.withLock { $0.violation = $0.violation ?? rule } }

    /// What a stage keeps over its lives.
    func memory(of stage: Int) -> StageMemory { state.withLock { $0.memories[stage] ?? StageMemory() } }
    func remember(_ memory: StageMemory, of stage: Int) { state.withLock { $0.memories[stage] = memory } }

    /// Notes what became of events.
    func fate(_ events: [SimulatedEvent], _ fate: String) {
        state.withLock { state in
            for event in events { state.fates[[event.emitter, event.position], default: []].append(fate) }
        }
    }

    /// What became of each event, by its emitter and its position.
    var fates: [[Int]: [String]] { state.withLock { $0.fates } }

    /// Whether some event was not handled.
    var hasLosses: Bool { state.withLock { $0.fates.contains { $0.value.contains { $0 != "handled" } } } }

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

        init(_ journal: SimulationJournal) {
            self.journal = journal
            journal.state.withLock { $0.liveStages += 1 }
        }

        deinit {
            journal.state.withLock { $0.liveStages -= 1 }
        }
    }
}

/// What a stage of a simulation keeps when it is started afresh.
struct StageMemory: Sendable {
    /// The calls of its handler.
    var calls = 0
    var hasFailedToBeMade = false
    /// How many events it has emitted.
    var emitted = 0
    /// The last position seen of each producer.
    var lastPositions: [[Int]: Int] = [:]
    /// Of a source: the next number, and what it was given to emit.
    var next = 0
    var fed = 0
    var isClosed = false
}
