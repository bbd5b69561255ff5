/// How often a pool tries an event, and how long it waits between two attempts.
///
/// The first wait is `base`, each further one twice as long, up to `maximum`. The waits are on the graph's clock, and
/// the event keeps its slot.
public struct RetryPolicy: Sendable {
    /// One attempt, no other.
    public static let never = RetryPolicy(attempts: 1)

    let attempts: Int
    private let base: Duration
    private let maximum: Duration
    private var jitter: (fraction: Double, generator: any RandomNumberGenerator & Sendable)?

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - attempts: How often an event is tried altogether, at least 1.
    ///   - base: The wait after the first attempt, at least 0; with 0 the next attempt follows at once.
    ///   - maximum: The longest wait, at least `base`.
    public init(attempts: Int, base: Duration = .milliseconds(100), maximum: Duration = .seconds(30)) {
        precondition(attempts > 0, "An event is tried at least once, not \(attempts) times")
        precondition(base >= .zero && base <= maximum, "Waits grow from \(base) to \(maximum), which must not be less")
        self.attempts = attempts
        self.base = base
        self.maximum = maximum
    }

    /// The same policy with waits that are shortened by chance, so that events which failed together do not come back
    /// together.
    ///
    /// - Parameters:
    ///   - fraction: The most by which a wait is shortened, from 0 (not at all) to 1 (down to nothing).
    ///   - generator: Decides; each pool uses its own copy.
    /// - Returns: The policy with the waits so shortened.
    public func jittered(
        by fraction: Double = 0.5,
        using generator: some RandomNumberGenerator & Sendable
    ) -> RetryPolicy {
        precondition((0...1).contains(fraction), "A wait can be shortened by a fraction from 0 to 1, not \(fraction)")
        var policy = self
        policy.jitter = (fraction, generator)
        return policy
    }

    /// How long to wait after so many failed attempts; nil if there is no other attempt.
    mutating func delay(after failures: Int) -> Duration? {
        guard failures < attempts else { return nil }
        var delay = base
        // A base of 0 would never get to the maximum.
        if base > .zero {
            for _ in 1..<failures {
                if delay >= maximum { break }
                delay *= 2
            }
        }
        delay = min(delay, maximum)
        guard let (fraction, generator) = jitter else { return delay }
        var source: any RandomNumberGenerator & Sendable = generator
        let chance = Self.chance(&source)
        jitter = (fraction, source)
        return delay * (1 - fraction * chance)
    }

    private static func chance(_ generator: inout some RandomNumberGenerator) -> Double {
        Double.random(in: 0..<1, using: &generator)
    }
}
