/// Decides how long to wait before the next attempt to connect.
///
/// Pure: time and chance are given.
struct ReconnectBackoff {
    private static let first = Duration.milliseconds(100)
    private static let longest = Duration.seconds(30)
    private static let healthyAfter = Duration.seconds(60)

    private var next = Self.first
    private var connectedAt: Instant?

    mutating func connected(at now: Instant) {
        connectedAt = now
    }

    /// - Parameters:
    ///   - now: The time.
    ///   - chance: Between 0 and 1.
    ///   - hasMoved: The session that is lost has moved the durable position.
    /// - Returns: When to try again: between half and all of a delay that doubles until a session has lasted or has
    ///   brought something.
    mutating func failed(at now: Instant, chance: Double, hasMoved: Bool = false) -> Instant {
        let isHealthy = connectedAt.map { $0.duration(to: now) >= Self.healthyAfter } ?? false
        if isHealthy || hasMoved { next = Self.first }
        connectedAt = nil
        let delay = next
        next = min(Self.longest, next * 2)
        return now.advanced(by: delay * (0.5 + chance / 2))
    }
}
