public import Sluice
import Synchronization

/// A producer that a test feeds, and that records what was asked of it.
///
/// ```swift
/// let probe = ProducerProbe<Int>()
/// let source = stages.start { context in probe.stage(context) }
/// probe.send([1, 2, 3])
/// probe.finish()
/// ```
public final class ProducerProbe<Event: Sendable>: Sendable {
    private struct State {
        var demands: [Int] = []
        var events: [Event] = []
        var isFinished = false
        var failure: (any Error)?
        var context: StageContext?
    }

    private let state = Mutex(State())

    /// Makes a probe with nothing to send.
    public init() {}

    /// The demand of every call so far, in order; calls that found nothing to send included.
    public var demands: [Int] { state.withLock { $0.demands } }

    /// The stage to start; start it once.
    public func stage(_ context: StageContext) -> ProbeProducer<Event> {
        state.withLock { $0.context = context }
        return ProbeProducer(probe: self)
    }

    /// Gives the stage events to emit, in order, as they are asked for.
    public func send(_ events: [Event]) {
        change { $0.events += events }
    }

    /// Lets the stage finish after everything that it was given.
    public func finish() {
        change { $0.isFinished = true }
    }

    /// Lets the stage throw after everything that it was given.
    public func fail(_ error: any Error) {
        change { $0.failure = error }
    }

    private func change(_ body: (inout State) -> Void) {
        let context = state.withLock { state in
            body(&state)
            return state.context
        }
        context?.wake()
    }

    fileprivate func next(_ demand: Int) throws -> [Event]? {
        try state.withLock { state in
            state.demands.append(demand)
            let events = Array(state.events.prefix(demand))
            state.events.removeFirst(events.count)
            guard events.isEmpty else { return events }
            if let failure = state.failure { throw failure }
            return state.isFinished ? nil : []
        }
    }
}

/// The stage of a ``ProducerProbe``.
public struct ProbeProducer<Event: Sendable>: Producer {
    let probe: ProducerProbe<Event>

    /// Emits what the probe was given.
    public mutating func handleDemand(_ demand: Int) async throws -> [Event]? {
        try probe.next(demand)
    }
}
