/// Decides when a status is due.
///
/// Pure: the time is given.
struct StatusSchedule {
    /// A move of the safe position so large is reported at once.
    static let largeMove: UInt64 = 16 << 20

    /// The longest that a server hears nothing, unless it gives up sooner.
    static let usualInterval = Duration.seconds(10)

    /// The longest that the server hears nothing.
    let interval: Duration

    /// A server that is asked and says nothing for so long is taken for lost: as patient as it is with us, within bounds.
    ///
    /// It may be busy with a large transaction of which nothing is published. A link that is gone is noticed earlier, by
    /// the system; this is for what lies between, such as a proxy that keeps its half of a connection.
    let patience: Duration
    private static let idleInterval = Duration.seconds(1)
    private static let untilInterval = Duration.seconds(1)

    private var lastSent: Instant?
    private var replyIsDue = false

    /// The highest position that was sent.
    private(set) var lastFlush = LSN.zero

    /// - Parameters:
    ///   - walSenderTimeout: The server's, in milliseconds; 0 is none.
    ///   - interval: The longest time between two statuses.
    init(walSenderTimeout: Int, interval: Duration = usualInterval) {
        patience =
            walSenderTimeout > 0 ? min(.seconds(60), max(.milliseconds(walSenderTimeout), .seconds(5))) : .seconds(60)
        let third = Duration.milliseconds(walSenderTimeout / 3)
        self.interval = walSenderTimeout > 0 ? min(interval, max(third, .milliseconds(10))) : interval
    }

    /// A new session: it hears from us at once.
    mutating func sessionStarted() {
        lastSent = nil
        replyIsDue = false
    }

    mutating func replyRequested() {
        replyIsDue = true
    }

    /// - Parameters:
    ///   - now: The time.
    ///   - durable: The position that may be sent.
    ///   - isIdle: Nothing is in flight.
    ///   - wantsKeepalive: The session waits for an end position and asks for a keepalive once a second.
    /// - Returns: Whether to send one now.
    func isDue(at now: Instant, durable: LSN, isIdle: Bool, wantsKeepalive: Bool) -> Bool {
        guard let lastSent, !replyIsDue else { return true }
        if now >= lastSent.advanced(by: wantsKeepalive ? min(interval, Self.untilInterval) : interval) { return true }
        guard durable > lastFlush else { return false }
        if durable.rawValue - lastFlush.rawValue > Self.largeMove { return true }
        return isIdle && now >= lastSent.advanced(by: Self.idleInterval)
    }

    /// When to look again if nothing else happens.
    func nextCheck(after now: Instant) -> Instant {
        let soon = now.advanced(by: Self.idleInterval)
        guard let lastSent else { return now }
        return min(soon, lastSent.advanced(by: interval))
    }

    /// A status was queued; the position that it may state never falls.
    mutating func sent(at now: Instant, flush: LSN) {
        lastSent = now
        lastFlush = max(lastFlush, flush)
        replyIsDue = false
    }
}
