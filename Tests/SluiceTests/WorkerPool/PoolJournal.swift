import Synchronization

@testable import Sluice

/// What happened in a simulated pool, and the first thing that must not have.
final class PoolJournal: Sendable {
    private struct State {
        var stages: Stages?
        var counts: (@Sendable () -> WorkerPoolCounts)?
        var areAllWorkersUp = false
        var isCancelled = false
        var emitted: [PoolEvent] = []
        var received: [PoolEvent] = []
        var done: [PoolEvent] = []
        var failures: [PoolEvent] = []
        var attempts: [PoolEvent: Int] = [:]
        var running: [(event: PoolEvent, key: Int?)] = []
        /// In the order in which the pool saw them.
        var arrived: [PoolEvent] = []
        /// What began, by key.
        var begun: [Int: [PoolEvent]] = [:]
        var violation: String?

        mutating func violated(_ law: String) {
            violation = violation ?? law
        }
    }

    private let journal = Mutex(State())

    func began(stages: Stages?, counts: (@Sendable () -> WorkerPoolCounts)?) {
        journal.withLock { ($0.stages, $0.counts) = (stages, counts) }
    }

    /// The graph's books and the pool's counts, while there is a graph.
    var state: (snapshots: [StageSnapshot], counts: WorkerPoolCounts)? {
        let (stages, counts) = journal.withLock { ($0.stages, $0.counts) }
        guard let stages, let counts else { return nil }
        return (stages.snapshots, counts())
    }

    /// Whether the graph was cancelled, by its body or by a failure.
    var isCancelled: Bool {
        let (stages, isCancelled) = journal.withLock { ($0.stages, $0.isCancelled) }
        return isCancelled || stages?.scope.firstFailure != nil
    }

    var areAllWorkersUp: Bool { journal.withLock { $0.areAllWorkersUp } }
    var emitted: [PoolEvent] { journal.withLock { $0.emitted } }
    var received: [PoolEvent] { journal.withLock { $0.received } }
    var done: [PoolEvent] { journal.withLock { $0.done } }
    var failures: [PoolEvent] { journal.withLock { $0.failures } }
    var running: Int { journal.withLock { $0.running.count } }
    var violation: String? { journal.withLock { $0.violation } }

    func cancelled() { journal.withLock { $0.isCancelled = true } }
    func allWorkersAreUp() { journal.withLock { $0.areAllWorkersUp = true } }
    func emitted(_ events: [PoolEvent]) { journal.withLock { $0.emitted += events } }
    func received(_ events: [PoolEvent]) { journal.withLock { $0.received += events } }
    func arrived(_ event: PoolEvent) { journal.withLock { $0.arrived.append(event) } }
    func succeeded(_ event: PoolEvent) { journal.withLock { $0.done.append(event) } }
    func hooked(_ event: PoolEvent) { journal.withLock { $0.failures.append(event) } }
    func violated(_ law: String) { journal.withLock { $0.violated(law) } }

    /// - Returns: The how manieth attempt it is.
    func begin(_ event: PoolEvent, key: Int?) -> Int {
        journal.withLock { state in
            let attempt = state.attempts[event, default: 0] + 1
            state.attempts[event] = attempt
            if state.running.contains(where: { $0.event == event }) { state.violated("\(event) runs twice at once") }
            if let key {
                if state.running.contains(where: { $0.key == key }) { state.violated("key \(key) runs twice at once") }
                if attempt == 1 { state.begun[key, default: []].append(event) }
                if state.begun[key]?.last != event { state.violated("\(event) is tried after a younger one") }
                if attempt == 1, let index = state.arrived.firstIndex(of: event),
                    let last = state.begun[key]?.dropLast().last, let before = state.arrived.firstIndex(of: last),
                    before > index
                {
                    state.violated("key \(key) begins \(event) after \(last), which came later")
                }
            }
            state.running.append((event, key))
            return attempt
        }
    }

    func end(_ event: PoolEvent) {
        journal.withLock { state in state.running.removeAll { $0.event == event } }
    }
}
