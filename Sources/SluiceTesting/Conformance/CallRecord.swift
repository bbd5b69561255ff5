import Synchronization

/// What an observed stage did wrong in its own calls.
final class CallRecord: Sendable {
    private struct State {
        var violation: (rule: String, message: String)?
        var emptyCalls = 0
        var lastDemand = 0
        var lastTime: TestClock.Instant?
    }

    private let state = Mutex(State())

    /// The first thing that was wrong.
    func violation(_ seed: UInt64) -> StageViolation? {
        state.withLock { $0.violation }.map { StageViolation(rule: $0.rule, seed: seed, message: $0.message) }
    }

    func violated(_ rule: String, _ message: String) {
        state.withLock { $0.violation = $0.violation ?? (rule, message) }
    }

    /// A call threw an error: `CancellationError` after an interruption is right, anything else is not.
    ///
    /// - Parameters:
    ///   - error: What it threw.
    ///   - rule: The rule for interrupted calls.
    func threw(_ error: any Error, rule: String) {
        guard Task.isCancelled, !(error is CancellationError) else { return }
        violated(rule, "the interrupted call threw \(error)")
    }

    /// Counts calls that came to nothing while nothing changed.
    ///
    /// - Returns: How many there were in a row.
    func cameToNothing(demand: Int, at time: TestClock.Instant) -> Int {
        state.withLock { state in
            let isSame = state.lastDemand == demand && state.lastTime == time
            state.emptyCalls = isSame ? state.emptyCalls + 1 : 1
            (state.lastDemand, state.lastTime) = (demand, time)
            return state.emptyCalls
        }
    }
}
