public import Sluice
import Synchronization

/// A consumer that asks when a test says so, and that records every message.
///
/// ```swift
/// let probe = ConsumerProbe<Int>()
/// let sink = stages.start { probe.stage() }
/// try await sink.subscribe(to: source)
/// probe.ask(2)
/// ```
public final class ConsumerProbe<Event: Sendable>: Sendable {
    private struct State {
        var messages: [[Event]] = []
        var subscriptions: [ManualSubscription] = []
        var unsent = 0
    }

    private let state = Mutex(State())

    /// Makes a probe that has asked for nothing.
    public init() {}

    /// Every message so far, in order.
    public var messages: [[Event]] { state.withLock { $0.messages } }

    /// Every event so far, in order.
    public var events: [Event] { messages.flatMap { $0 } }

    /// The stage to start; start it once.
    public func stage() -> ProbeConsumer<Event> {
        ProbeConsumer(probe: self)
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
        state.withLock { $0.messages.append(events) }
    }
}

/// The stage of a ``ConsumerProbe``.
public struct ProbeConsumer<Event: Sendable>: ManualConsumer {
    let probe: ConsumerProbe<Event>

    /// Asks for what the test has already asked for.
    public mutating func subscribed(_ subscription: ManualSubscription) async throws {
        probe.subscribed(subscription)
    }

    /// Records the message.
    public mutating func handleEvents(_ events: [Event], from subscription: ManualSubscription) async throws {
        probe.received(events)
    }
}
