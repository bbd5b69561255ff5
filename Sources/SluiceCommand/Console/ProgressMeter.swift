import Sluice
import SluicePostgres
import SluiceSinks
import Synchronization

/// Measures a stream.
final class ProgressMeter: Sendable {
    private struct State {
        var demand: @Sendable () -> Int = { 0 }
        var acknowledged = 0
        var lastChanges = 0
        var lastTime = ContinuousClock.now
        var rate = 0.0
        /// Of all but what is in the progress since the last line.
        var latency = LatencyHistogram()
        var session = SessionNotices()
        var hasToldOfSpool = false
        /// The sink that the full log was last seen to wait for.
        var waitsFor: String?
    }

    private let opened: OpenedStream
    private let state = Mutex(State())

    init(_ opened: OpenedStream) {
        self.opened = opened
    }

    /// How many changes and Commits of the slot are durable.
    var acknowledged: Int { state.withLock { $0.acknowledged } }

    func acknowledged(through sequence: UInt64) {
        state.withLock { $0.acknowledged = Int(sequence) + 1 }
    }

    func watch(demand: @escaping @Sendable () -> Int) {
        state.withLock { $0.demand = demand }
    }

    /// Shows a sample each second until cancelled.
    func run(_ console: Console) async {
        while true {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            await opened.monitor.refresh()
            let reader = opened.reader.snapshot
            if let notice = state.withLock({ $0.session.notice(of: reader) }) { console.notice(notice) }
            tellOfSpool(console)
            tellOfLog(console)
            console.show(sample(measuringRate: true))
        }
    }

    /// Says once, if that is so, that open transactions are not streamed any more.
    func tellOfSpool(_ console: Console) {
        guard let reason = opened.reader.snapshot.streamingFailure else { return }
        let isNew = state.withLock { state in
            defer { state.hasToldOfSpool = true }
            return !state.hasToldOfSpool
        }
        guard isNew else { return }
        let advice = reason.code == .spoolFailed ? " Make room for them, or give more with --spool-size." : ""
        console.notice(
            "\(reason) Until the next start transactions are received after their commit; nothing is lost.\(advice)"
        )
    }

    /// Says when the log is full, once for each time.
    private func tellOfLog(_ console: Console) {
        let sink = opened.fanOut?.log.snapshot.heldBy
        let isNew = state.withLock { state in
            defer { state.waitsFor = sink }
            return sink != state.waitsFor
        }
        guard isNew, let sink else { return }
        console.notice(
            "The log has used up its disk (--spill-size): nothing is read from the server until \(sink) takes more."
        )
    }

    /// What is going on now.
    ///
    /// - Parameter measuringRate: Computes rate and latency since the last sample for which this was true; otherwise the rate
    ///   is the last one, and the latency that since the start.
    /// - Returns: A sample without `undelivered`.
    func sample(measuringRate: Bool = false) -> ProgressSample {
        let reader = opened.reader.snapshot
        let changes = opened.checkpointer.tally.messages
        let demand = state.withLock(\.demand)()
        let rate = state.withLock { state in
            guard measuringRate else { return state.rate }
            let now = ContinuousClock.now
            let seconds = (now - state.lastTime) / .seconds(1)
            state.rate = seconds > 0 ? (Double(changes - state.lastChanges) / seconds).rounded() : 0
            state.lastTime = now
            state.lastChanges = changes
            return state.rate
        }
        let latency = latency(sinceLastLine: measuringRate)
        let safe = opened.progress.durable
        return ProgressSample(
            changes: changes,
            changesPerSecond: rate,
            demand: demand,
            bytesInFlight: opened.budget.held,
            spooledBytes: reader.spooledBytes,
            state: Self.state(reader.state, demand: demand),
            receivedLSN: reader.received.description,
            safeLSN: safe.description,
            lagBytes: opened.monitor.position.map { Int(max($0.rawValue, safe.rawValue) - safe.rawValue) },
            latencyMs: ProgressSample.Latency(latency),
            rssBytes: residentMemory(),
            deadLetters: opened.checkpointer.tally.deadLetters,
            logBytes: opened.fanOut?.log.snapshot.bytes,
            sinks: opened.fanOut.map { fanOut in fanOut.branches.map { $0.sample(of: fanOut.log) } },
            backfill: opened.backfill?.figures,
            capacity: opened.budget.capacity
        )
    }

    private func latency(sinceLastLine: Bool) -> LatencyHistogram {
        state.withLock { state in
            let new = sinceLastLine ? opened.progress.takeLatency() : opened.progress.latency
            var all = state.latency
            all.add(new)
            guard sinceLastLine else { return all }
            state.latency = all
            return new
        }
    }

    private static func state(_ state: SlotReaderSnapshot.State, demand: Int) -> ProgressSample.State {
        switch state {
        case .connecting: .connecting
        case .finished: .finished
        case .pausedNoBudget, .pausedClosed: .paused
        // Between two calls there is no call, but still demand.
        case .reading, .pausedNoDemand: demand > 0 ? .reading : .paused
        }
    }
}
