/// Decides whose visibility timeout is extended, when, and to what: the messages of a queue that are being handled.
///
/// A message is extended when half of its timeout is over, again and again, until it has been kept for as long as it may;
/// and sooner if an extension failed. Pure: the times are given, all since the same moment.
struct VisibilityLeases {
    private struct Lease {
        let received: Duration
        /// When others get to see it.
        var end: Duration
        /// When to extend it; `nil` while that is under way.
        var due: Duration?
    }

    /// A queue's, in seconds.
    private let timeout: Int
    /// How long a message may be kept.
    private let limit: Duration

    private var leases: [String: Lease] = [:]

    /// Starts without messages.
    ///
    /// - Parameters:
    ///   - timeout: For how many seconds a message is hidden when it is received, and whenever it is extended; at least 1.
    ///   - limit: How long a message is kept at most after it was received.
    init(timeout: Int, limit: Duration) {
        self.timeout = timeout
        self.limit = limit
    }

    /// How many messages are kept.
    var count: Int { leases.count }

    /// When the next message is to be extended; `nil` if none is.
    ///
    /// A message that is added, or extended, later is due later: so whoever sleeps until then misses none.
    var nextDue: Duration? { leases.values.compactMap(\.due).min() }

    /// Messages were received.
    mutating func add(_ receiptHandles: some Sequence<String>, at now: Duration) {
        for handle in receiptHandles {
            leases[handle] = Lease(received: now, end: now + .seconds(timeout), due: now + half)
        }
    }

    /// Messages need not be kept any more.
    mutating func remove(_ receiptHandles: some Sequence<String>) {
        for handle in receiptHandles { leases.removeValue(forKey: handle) }
    }

    /// The extensions that are to be made now, together with those that are to be made soon.
    ///
    /// Each message's outcome is told with ``extended(_:at:)`` or ``failed(_:at:)``. One that has been kept for as long
    /// as it may is removed.
    mutating func takeDue(at now: Duration) -> [VisibilityChange] {
        guard let next = nextDue, next <= now else { return [] }
        var changes: [VisibilityChange] = []
        for (handle, lease) in leases {
            guard let due = lease.due, due <= now + step else { continue }
            let rest = lease.received + limit - now
            let seconds = min(timeout, Int(rest.components.seconds))
            if seconds < 1 || now + .seconds(seconds) <= lease.end {
                leases.removeValue(forKey: handle)
                continue
            }
            leases[handle]?.due = nil
            changes.append(VisibilityChange(receiptHandle: handle, seconds: seconds))
        }
        return changes
    }

    /// A message was extended.
    ///
    /// - Parameters:
    ///   - change: What ``takeDue(at:)`` gave.
    ///   - time: When it was asked for.
    mutating func extended(_ change: VisibilityChange, at time: Duration) {
        guard var lease = leases[change.receiptHandle] else { return }
        lease.end = time + .seconds(change.seconds)
        lease.due = time + half
        leases[change.receiptHandle] = lease
    }

    /// A message was not extended; that is tried again before others get to see it, and not any more then.
    ///
    /// - Returns: Whether it is still kept, or was until now.
    mutating func failed(_ change: VisibilityChange, at now: Duration) -> Bool {
        guard let lease = leases[change.receiptHandle] else { return false }
        let next = now + step
        if next < lease.end {
            leases[change.receiptHandle]?.due = next
        } else {
            leases.removeValue(forKey: change.receiptHandle)
        }
        return true
    }

    private var half: Duration { .milliseconds(timeout * 500) }
    private var step: Duration { .milliseconds(timeout * 125) }
}
