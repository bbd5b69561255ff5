import Synchronization

/// A token bucket: at most so many messages per second, in bursts of a twentieth of a second.
///
/// The rate may be changed at any time, also to none.
package final class RateLimit: Sendable {
    fileprivate struct Bucket {
        var rate: Double?
        var tokens: Double
        var filledAt: Duration
    }

    private let bucket: Mutex<Bucket>
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Makes a full bucket.
    ///
    /// - Parameters:
    ///   - rate: Messages per second; nil: no limit.
    ///   - clock: Measures.
    package init<C: Clock<Duration>>(rate: Int?, clock: C) {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
        bucket = Mutex(Bucket(rate: rate.map(Double.init), tokens: Self.burst(rate.map(Double.init)), filledAt: .zero))
    }

    /// How many messages may pass at once; `nil` if there is no limit now.
    package var burst: Int? {
        bucket.withLock { bucket in bucket.rate.map { Int(Self.burst($0)) } }
    }

    /// Changes the rate; who waits notices within a twentieth of a second.
    ///
    /// - Parameter rate: Messages per second; nil: no limit.
    package func change(to rate: Int?) {
        bucket.withLock { bucket in
            bucket.rate = rate.map(Double.init)
            bucket.tokens = min(bucket.tokens, Self.burst(bucket.rate))
        }
    }

    /// Waits until something may pass.
    ///
    /// - Parameter wanted: How many messages wait, at least 1.
    /// - Returns: How many may pass now, at least 1; they are taken.
    /// - Throws: `CancellationError`.
    package func take(upTo wanted: Int) async throws -> Int {
        while true {
            switch bucket.withLock({ $0.take(upTo: wanted, at: now()) }) {
            case .pass(let count): return count
            case .wait(let duration): try await sleep(min(duration, .milliseconds(50)))
            }
        }
    }

    fileprivate enum Turn {
        case pass(Int)
        case wait(Duration)
    }

    fileprivate static func burst(_ rate: Double?) -> Double {
        max(1, (rate ?? 1) / 20)
    }
}

extension RateLimit.Bucket {
    fileprivate mutating func take(upTo wanted: Int, at now: Duration) -> RateLimit.Turn {
        guard let rate else {
            filledAt = now
            return .pass(wanted)
        }
        let burst = RateLimit.burst(rate)
        tokens = min(burst, tokens + rate * ((now - filledAt) / .seconds(1)))
        filledAt = now
        let needed = min(Double(wanted), burst)
        guard tokens >= needed else { return .wait(.seconds((needed - tokens) / rate)) }
        let count = min(wanted, max(1, Int(tokens)))
        tokens -= Double(count)
        return .pass(count)
    }
}
