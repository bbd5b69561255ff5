/// How often a pool tries an event, and how long it waits between two attempts.
///
/// The waits are on the graph's clock, and the event keeps its slot.
public struct RetryPolicy: Sendable {
    /// One attempt, no other.
    public static let never = RetryPolicy(attempts: 1)

    private let attempts: Int
    private var backoff: Backoff

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - attempts: How often an event is tried altogether, at least 1.
    ///   - base: The wait after the first attempt, at least 0; with 0 the next attempt follows at once.
    ///   - maximum: The longest wait, at least `base`.
    public init(attempts: Int, base: Duration = .milliseconds(100), maximum: Duration = .seconds(30)) {
        self.init(attempts: attempts, backoff: Backoff(base: base, maximum: maximum))
    }

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - attempts: How often an event is tried altogether, at least 1.
    ///   - backoff: The waits between the attempts.
    public init(attempts: Int, backoff: Backoff) {
        precondition(attempts > 0, "An event is tried at least once, not \(attempts) times")
        self.attempts = attempts
        self.backoff = backoff
    }

    /// The same policy with waits that are shortened by chance; see ``Backoff/jittered(by:using:)``.
    ///
    /// - Parameters:
    ///   - fraction: The most by which a wait is shortened, from 0 (not at all) to 1 (down to nothing).
    ///   - generator: Decides; each pool uses its own copy.
    /// - Returns: The policy with the waits so shortened.
    public func jittered(
        by fraction: Double = 0.5,
        using generator: some RandomNumberGenerator & Sendable
    ) -> RetryPolicy {
        RetryPolicy(attempts: attempts, backoff: backoff.jittered(by: fraction, using: generator))
    }

    /// Whether there is one attempt and no other.
    public var isOneAttempt: Bool { attempts == 1 }

    /// Says how long to wait, and whether there is another attempt.
    ///
    /// - Parameter failures: How many attempts have failed, at least 1.
    /// - Returns: The wait before the next attempt; nil if there is none.
    public mutating func delay(after failures: Int) -> Duration? {
        failures < attempts ? backoff.delay(after: failures) : nil
    }
}
