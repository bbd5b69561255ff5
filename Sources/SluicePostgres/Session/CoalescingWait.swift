/// Decides how long to wait between the socket's turning readable and reading it.
///
/// Pure: the time is given. The server sends once per row, and an eager reader is woken per row. A short wait lets rows gather; too long a one
/// lets the socket's buffer fill up. A stream that was silent before is not kept waiting: there latency counts.
struct CoalescingWait {
    private static let shortest = Duration.microseconds(150)
    private static let longest = Duration.microseconds(1000)
    /// Small segments fill the socket's buffer at about 20 KB, and then the server stalls: stay well below.
    private static let plenty = 16 << 10
    private static let little = 9 << 10
    /// A drain of more than a few small transactions.
    private static let hot = 2 << 10
    /// After so long a silence the stream counts as idle.
    private static let silence = Duration.milliseconds(3)

    private(set) var length = Duration.microseconds(200)
    private var lastDrain: Instant?

    /// How long to wait now that the socket is readable.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - demand: How many events are wanted; one is not worth a wait.
    /// - Returns: The wait: the whole one, also if the caller took its time; a part brought clearly less.
    func beforeRead(at now: Instant, demand: Int) -> Duration {
        guard demand > 1, let lastDrain else { return .zero }
        let elapsed = lastDrain.duration(to: now)
        return elapsed > Self.silence ? .zero : length
    }

    /// Whether the next drain will probably bring much, too.
    ///
    /// - Parameters:
    ///   - bytes: How much the last drain brought.
    ///   - waited: Whether it came after a wait.
    /// - Returns: False for a stream of single small transactions, where latency counts.
    func isHot(bytes: Int, waited: Bool) -> Bool {
        waited && bytes >= Self.hot
    }

    /// A drain ended.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - bytes: How much it brought.
    ///   - waited: Whether it came after a wait of the full length.
    mutating func drained(at now: Instant, bytes: Int, waited: Bool) {
        lastDrain = now
        guard waited else { return }
        if bytes > Self.plenty {
            length = max(Self.shortest, length * 3 / 4)
        } else if bytes < Self.little {
            length = min(Self.longest, length * 5 / 4)
        }
    }
}
