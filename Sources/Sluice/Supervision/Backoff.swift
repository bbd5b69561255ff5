/// How long to wait before something that has failed is tried again.
///
/// The first wait is `base`, each further one twice as long, up to `maximum`.
public struct Backoff: Sendable {
    /// No wait at all.
    public static let none = Backoff(base: .zero, maximum: .zero)

    private let base: Duration
    private let maximum: Duration
    private var jitter: (fraction: Double, generator: any RandomNumberGenerator & Sendable)?

    /// Says how the waits grow.
    ///
    /// - Parameters:
    ///   - base: The first wait, at least 0; with 0 there is none.
    ///   - maximum: The longest wait, at least `base`.
    public init(base: Duration = .milliseconds(100), maximum: Duration = .seconds(30)) {
        precondition(base >= .zero && base <= maximum, "Waits grow from \(base) to \(maximum), which must not be less")
        self.base = base
        self.maximum = maximum
    }

    /// The same waits, shortened by chance, so that what failed together does not come back together.
    ///
    /// - Parameters:
    ///   - fraction: The most by which a wait is shortened, from 0 (not at all) to 1 (down to nothing).
    ///   - generator: Decides; each user of the waits has its own copy.
    /// - Returns: The waits so shortened.
    public func jittered(by fraction: Double = 0.5, using generator: some RandomNumberGenerator & Sendable) -> Backoff {
        precondition((0...1).contains(fraction), "A wait can be shortened by a fraction from 0 to 1, not \(fraction)")
        var backoff = self
        backoff.jitter = (fraction, generator)
        return backoff
    }

    /// How long to wait after so many failures, at least 1.
    public mutating func delay(after failures: Int) -> Duration {
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
