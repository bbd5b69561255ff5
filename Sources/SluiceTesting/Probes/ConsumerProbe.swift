public import Sluice
import Synchronization

/// A consumer that asks when a test says so, that records every message, and that knows what to expect.
///
/// ```swift
/// let probe = ConsumerProbe<Int>()
/// let sink = stages.start(probe)
/// try await sink.subscribe(to: source)
/// stages.go()
/// try await probe.expectNothing()
/// probe.ask(2)
/// try await probe.expect([1, 2])
/// ```
///
/// An expectation that is not met throws a ``ProbeFailure``, which says what was expected, what came, and where. Each
/// event is expected once: an expectation goes on where the last one ended. Call them from one task.
///
/// On a ``DeterministicExecutor`` an expectation looks when nothing else can happen, its limits are virtual time, and
/// *nothing* means nothing until then. On other executors it waits for what it expects, and limits are times of the
/// probe's clock.
public final class ConsumerProbe<Event: Sendable>: Sendable {
    struct State {
        var messages: [[Event]] = []
        var received = 0
        /// How many events have been expected.
        var expected = 0
        var subscriptions: [ManualSubscription] = []
        var unsent = 0
        var hasEnded = false
        /// Tells why the stage has ended: nil if it has finished.
        var cause: (@Sendable () async -> (any Error)?)?

        var unexpected: ArraySlice<Event> { messages.flatMap { $0 }.dropFirst(expected) }
    }

    let state = Mutex(State())
    let changes = Changes()
    let clock: any Clock<Duration>

    /// Makes a probe that has asked for nothing.
    ///
    /// - Parameter clock: Measures the limits of expectations, except on a ``DeterministicExecutor``, which has its own.
    public init(clock: any Clock<Duration> = ContinuousClock()) {
        self.clock = clock
    }

    /// Every message so far, in order.
    public var messages: [[Event]] { state.withLock { $0.messages } }

    /// Every event so far, in order.
    public var events: [Event] { messages.flatMap { $0 } }

    /// Whether the stage has come to its end, in whatever way.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// The stage to start; start it once.
    ///
    /// ``Sluice/Stages/start(_:as:)`` does it, and lets the probe know why its stage has ended.
    public func stage() -> ProbeConsumer<Event> {
        let life = ProbeLife { [self] in
            state.withLock { $0.hasEnded = true }
            changes.made()
        }
        return ProbeConsumer(probe: self, life: life)
    }

    /// Asks on the first subscription; before there is one, the demand is kept for it.
    ///
    /// - Parameter count: How many events, at least 0.
    public func ask(_ count: Int) {
        let first = state.withLock { state -> ManualSubscription? in
            if state.subscriptions.isEmpty { state.unsent += count }
            return state.subscriptions.first
        }
        first?.ask(count)
    }

    fileprivate func subscribed(_ subscription: ManualSubscription) {
        let unsent = state.withLock { state in
            state.subscriptions.append(subscription)
            defer { state.unsent = 0 }
            return state.unsent
        }
        subscription.ask(unsent)
    }

    fileprivate func received(_ events: [Event]) {
        state.withLock { state in
            state.messages.append(events)
            state.received += events.count
        }
        changes.made()
    }

    fileprivate func started(_ handle: StageHandle<ProbeConsumer<Event>>) {
        let cause: @Sendable () async -> (any Error)? = {
            do {
                try await handle.perform { _ in }
                return nil
            } catch let error as StageError where error.code == .stageEnded {
                return nil
            } catch {
                return error
            }
        }
        state.withLock { $0.cause = cause }
    }
}

/// The stage of a ``ConsumerProbe``.
public struct ProbeConsumer<Event: Sendable>: ManualConsumer, Sendable {
    let probe: ConsumerProbe<Event>
    let life: ProbeLife

    /// Asks for what the test has already asked for.
    public mutating func subscribed(_ subscription: ManualSubscription) async throws {
        probe.subscribed(subscription)
    }

    /// Records the message.
    public mutating func handleEvents(_ events: [Event], from subscription: ManualSubscription) async throws {
        probe.received(events)
    }
}

extension Stages {
    /// Starts the stage of a probe.
    ///
    /// - Parameters:
    ///   - probe: Start it once.
    ///   - name: For messages about the stage; its type's name if nil.
    /// - Returns: The handle by which to subscribe it.
    public func start<Event>(
        _ probe: ConsumerProbe<Event>,
        as name: String? = nil
    ) -> StageHandle<ProbeConsumer<Event>> {
        // Made here, so that it tells its end although it may never run.
        let stage = probe.stage()
        let handle = start(name) { stage }
        probe.started(handle)
        return handle
    }
}
