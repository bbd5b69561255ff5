internal import Synchronization

/// The positions of one slot and the tables' versions that go with them, shared by the reading thread (facts, status timer) and the checkpoint loop.
///
/// The checkpoint loop acknowledges, makes `safe` durable in the state file, then calls `madeDurable`; only that is ever
/// sent to the server.
package final class SlotProgress: Sendable {
    private struct State: ~Copyable {
        var tracker: SafePosition
        var durable: LSN
        var latency = LatencyHistogram()
        /// Not yet in the state file, in the order of their rows.
        var versions: [RelationVersion] = []
        /// Likewise, in the order of their places.
        var copied: [CopiedPage] = []
    }

    private let state: Mutex<State>

    /// Makes a progress.
    ///
    /// - Parameter start: What the server knows already: the slot's `confirmed_flush_lsn`.
    package init(startingAt start: LSN) {
        state = Mutex(State(tracker: SafePosition(startingAt: start), durable: start))
    }

    /// Tells what was read, in order and before the events are handed over.
    package func record(_ facts: [PositionFact]) {
        guard !facts.isEmpty else { return }
        state.withLock { state in
            for fact in facts { state.tracker.record(fact) }
        }
    }

    /// Tells which versions of tables began, in order and before their rows are handed over.
    package func record(_ versions: [RelationVersion]) {
        guard !versions.isEmpty else { return }
        state.withLock { $0.versions += versions }
    }

    /// The versions that the state file has to hold when it remembers a sink at a cursor, and does not hold yet.
    ///
    /// - Parameter cursor: How far the sink is; `nil` if it has nothing.
    /// - Returns: Those up to the cursor, in the order of their rows.
    package func versions(through cursor: Cursor?) -> [RelationVersion] {
        guard let cursor else { return [] }
        return state.withLock { state in Array(state.versions.prefix { $0.since <= cursor }) }
    }

    /// Forgets versions that are in the state file now.
    ///
    /// - Parameter count: How many of the first.
    package func madeDurable(versions count: Int) {
        state.withLock { $0.versions.removeFirst(min(count, $0.versions.count)) }
    }

    /// Tells which pages of tables were taken in, in order and before the last of their rows are handed over.
    package func record(_ copied: [CopiedPage]) {
        guard !copied.isEmpty else { return }
        state.withLock { $0.copied += copied }
    }

    /// The pages that the state file has to hold when it remembers a sink at a cursor, and does not hold yet.
    package func copied(through cursor: Cursor?) -> [CopiedPage] {
        guard let cursor else { return [] }
        return state.withLock { state in Array(state.copied.prefix { $0.through <= cursor }) }
    }

    /// Forgets pages that are in the state file now.
    package func madeDurable(copied count: Int) {
        state.withLock { $0.copied.removeFirst(min(count, $0.copied.count)) }
    }

    /// Tells that every event up to and including a number is durable in every sink.
    ///
    /// - Parameter sequence: The highest number of the contiguous prefix.
    /// - Returns: The position that may be made durable now.
    @discardableResult
    package func acknowledge(through sequence: UInt64) -> LSN {
        let now = ServerTime.now
        return state.withLock { state in
            state.tracker.acknowledge(through: sequence)
            for time in state.tracker.takeCompleted() { state.latency.record(now &- time) }
            return state.tracker.position
        }
    }

    /// How long transactions took from their commit, by the server's clock, until they were acknowledged, by this
    /// machine's.
    package var latency: LatencyHistogram { state.withLock { $0.latency } }

    /// Takes what ``latency`` has, and begins anew.
    package func takeLatency() -> LatencyHistogram {
        state.withLock { state in
            defer { state.latency = LatencyHistogram() }
            return state.latency
        }
    }

    /// The position that may be reported once it is durable.
    package var safe: LSN { state.withLock { $0.tracker.position } }

    /// Whether every transaction that began is acknowledged.
    package var isIdle: Bool { state.withLock { $0.tracker.isIdle } }

    /// Allows a position to be sent to the server: it is in the state file.
    package func madeDurable(_ position: LSN) {
        state.withLock { $0.durable = max($0.durable, position) }
    }

    /// The highest position that may be sent.
    package var durable: LSN { state.withLock { $0.durable } }
}
