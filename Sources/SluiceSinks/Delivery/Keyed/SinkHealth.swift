import Sluice

/// A circuit breaker: while a sink cannot be reached, one request now and then finds out whether it can be again.
struct SinkHealth: Sendable {
    private enum State {
        case up
        case down(until: Duration)
        case probing
    }

    private var state = State.up
    private var failures = 0
    private var backoff: Backoff

    init(backoff: Backoff) {
        self.backoff = backoff
    }

    var isUp: Bool {
        if case .up = state { true } else { false }
    }

    /// When a request may be tried; `nil` while the sink is up, or while one is under way to find out.
    var retryAt: Duration? {
        if case .down(let until) = state { until } else { nil }
    }

    /// Whether a request may be sent now.
    func allowsRequest(at now: Duration) -> Bool {
        switch state {
        case .up: true
        case .down(let until): now >= until
        case .probing: false
        }
    }

    /// A request is sent.
    mutating func sent() {
        if case .down = state { state = .probing }
    }

    /// The sink has answered.
    mutating func answered() {
        state = .up
        failures = 0
    }

    /// The sink could not be reached; requests that were under way at the same time count once.
    mutating func unreachable(at now: Duration) {
        if case .down = state { return }
        failures += 1
        state = .down(until: now + backoff.delay(after: failures))
    }
}
