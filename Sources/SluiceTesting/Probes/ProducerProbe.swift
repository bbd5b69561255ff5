public import Sluice
import Synchronization

/// A producer that a test feeds, and that records what was asked of it.
///
/// ```swift
/// let probe = ProducerProbe<Int>()
/// let source = stages.start(probe)
/// try await consumer.subscribe(to: source, maxDemand: 5)
/// stages.go()
/// try await probe.expectDemand(5)
/// probe.send([1, 2, 3])
/// try await probe.expectDemand(2)
/// probe.finish()
/// ```
///
/// Expectations work as those of a ``ConsumerProbe``.
public final class ProducerProbe<Event: Sendable>: Sendable {
    private struct State {
        var demands: [Int] = []
        /// What the last call asked for and did not get.
        var unserved = 0
        var events: [Event] = []
        var isFinished = false
        var failure: (any Error)?
        var context: StageContext?
    }

    private let state = Mutex(State())
    private let changes = Changes()
    private let clock: any Clock<Duration>

    /// Makes a probe with nothing to send.
    ///
    /// - Parameter clock: Measures the limits of expectations, except on a ``DeterministicExecutor``, which has its own.
    public init(clock: any Clock<Duration> = ContinuousClock()) {
        self.clock = clock
    }

    /// The demand of every call so far, in order; calls that found nothing to send included.
    public var demands: [Int] { state.withLock { $0.demands } }

    /// The stage to start; start it once.
    ///
    /// ``Sluice/Stages/start(_:as:options:)`` does it; this is for a stage with a dispatcher.
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

    /// Expects the demand that the stage's consumers have and that was not served.
    ///
    /// It is the demand of the last call less what was sent then. So a consumer that leaves lowers it only when the
    /// stage is called again, and before the sources run it is 0.
    ///
    /// - Parameters:
    ///   - demand: How many events.
    ///   - limit: How long to wait for it, more than 0.
    ///   - fileID: Where the expectation is.
    ///   - line: Where the expectation is.
    /// - Throws: ``ProbeFailure`` if the demand is another one; `CancellationError` if the task is cancelled.
    public func expectDemand(
        _ demand: Int,
        within limit: Duration = .seconds(10),
        fileID: String = #fileID,
        line: Int = #line
    ) async throws {
        let isMet = try await changes.until(within: limit, on: clock) { [self] in
            state.withLock { $0.unserved == demand }
        }
        guard !isMet else { return }
        let unserved = state.withLock { $0.unserved }
        throw ProbeFailure(expected: "a demand of \(demand)", got: "\(unserved)", fileID: fileID, line: line)
    }

    private func change(_ body: (inout State) -> Void) {
        let context = state.withLock { state in
            body(&state)
            return state.context
        }
        context?.wake()
    }

    fileprivate func next(_ demand: Int) throws -> [Event]? {
        defer { changes.made() }
        return try state.withLock { state in
            state.demands.append(demand)
            let events = Array(state.events.prefix(demand))
            state.events.removeFirst(events.count)
            state.unserved = demand - events.count
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

extension Stages {
    /// Starts the stage of a probe.
    ///
    /// - Parameters:
    ///   - probe: Start it once.
    ///   - name: For messages about the stage; its type's name if nil.
    ///   - options: How to treat what it emits.
    /// - Returns: The handle by which consumers subscribe.
    public func start<Event>(
        _ probe: ProducerProbe<Event>,
        as name: String? = nil,
        options: EmissionOptions<Event> = .init()
    ) -> StageHandle<ProbeProducer<Event>> {
        start(name, options: options) { context in probe.stage(context) }
    }
}
