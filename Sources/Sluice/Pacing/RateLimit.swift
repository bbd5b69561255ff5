/// A rate that several tasks share: at most so many events in a time, in bursts of what a twentieth of a second allows, and
/// at least of one.
///
/// A token bucket, full at the beginning. The rate may be changed at any time, also to none.
public final class RateLimit: Sendable {
    fileprivate struct Bucket {
        var rate: Double?
        var tokens: Double
        var filledAt: Duration
    }

    private let bucket: Lock<Bucket>
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Makes a full bucket.
    ///
    /// - Parameters:
    ///   - rate: How many events may pass in an interval, at least 1; nil: no limit.
    ///   - interval: More than 0.
    ///   - clock: Measures.
    public init(
        rate: Int?,
        per interval: Duration = .seconds(1),
        clock: some Clock<Duration> = ContinuousClock()
    ) {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
        let rate = Self.perSecond(rate, interval)
        bucket = Lock(Bucket(rate: rate, tokens: Self.burst(rate), filledAt: .zero))
    }

    /// How many events may pass at once; `nil` if there is no limit now.
    public var burst: Int? {
        bucket.withLock { bucket in bucket.rate.map { Int(Self.burst($0)) } }
    }

    /// Changes the rate; who waits notices within a twentieth of a second.
    ///
    /// - Parameters:
    ///   - rate: How many events may pass in an interval, at least 1; nil: no limit.
    ///   - interval: More than 0.
    public func change(to rate: Int?, per interval: Duration = .seconds(1)) {
        let rate = Self.perSecond(rate, interval)
        bucket.withLock { bucket in
            bucket.rate = rate
            bucket.tokens = min(bucket.tokens, Self.burst(rate))
        }
    }

    /// Waits until something may pass.
    ///
    /// - Parameter wanted: How many events wait, at least 1.
    /// - Returns: How many may pass now, at least 1; they are taken.
    /// - Throws: `CancellationError`.
    public func take(upTo wanted: Int) async throws -> Int {
        while true {
            switch bucket.withLock({ $0.take(upTo: wanted, at: now()) }) {
            case .pass(let count): return count
            case .wait(let duration): try await sleep(min(duration, .milliseconds(50)))
            }
        }
    }

    /// Gives back what was taken and not used.
    ///
    /// - Parameter count: At least 0.
    public func giveBack(_ count: Int) {
        bucket.withLock { bucket in
            bucket.tokens = min(Self.burst(bucket.rate), bucket.tokens + Double(count))
        }
    }

    fileprivate enum Turn {
        case pass(Int)
        case wait(Duration)
    }

    private static func perSecond(_ rate: Int?, _ interval: Duration) -> Double? {
        precondition(rate.map { $0 > 0 } ?? true, "A rate is at least 1 event, not \(rate ?? 0)")
        precondition(interval > .zero, "A rate is in an interval of more than no time")
        return rate.map { Double($0) / (interval / .seconds(1)) }
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
