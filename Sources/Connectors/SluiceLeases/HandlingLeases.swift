package import SluicePipelines

/// For how long a message is to be kept from others from now on.
package struct LeaseChange: Hashable, Sendable {
    package var receipt: Receipt
    package var duration: Duration

    package init(_ receipt: Receipt, _ duration: Duration) {
        self.receipt = receipt
        self.duration = duration
    }
}

/// Decides for which messages a broker is told to wait longer, when, and for how long: those that are being handled.
///
/// A broker gives a message to others when its timeout is over. It is extended when half of that has passed, again and
/// again, until the message has been kept for as long as it may; and sooner if an extension failed. Pure: the times are
/// given, all since the same moment.
package struct HandlingLeases: Sendable {
    private struct Lease {
        let received: Duration
        /// When others get to see it.
        var end: Duration
        /// When to extend it; `nil` while that is under way.
        var due: Duration?
    }

    private let timeout: Duration
    private let limit: Duration?
    private let unit: Duration

    private var leases: [Receipt: Lease] = [:]

    /// Starts without messages.
    ///
    /// - Parameters:
    ///   - timeout: For how long the broker waits from when a message is received, and whenever that is extended; more
    ///     than 0.
    ///   - limit: How long a message is kept at most after it was received; nil: for as long as it is handled.
    ///   - unit: Extensions are for a multiple of it; more than 0, at most the timeout.
    package init(timeout: Duration, limit: Duration?, unit: Duration = .seconds(1)) {
        self.timeout = timeout
        self.limit = limit
        self.unit = unit
    }

    /// How many messages are kept.
    package var count: Int { leases.count }

    /// When the next message is to be extended; `nil` if none is.
    ///
    /// A message that is added, or extended, later is due later: so whoever sleeps until then misses none.
    package var nextDue: Duration? { leases.values.compactMap(\.due).min() }

    /// Messages were received.
    package mutating func add(_ receipts: some Sequence<Receipt>, at now: Duration) {
        for receipt in receipts { leases[receipt] = Lease(received: now, end: now + timeout, due: now + timeout / 2) }
    }

    /// Messages need not be kept any more.
    package mutating func remove(_ receipts: some Sequence<Receipt>) {
        for receipt in receipts { leases.removeValue(forKey: receipt) }
    }

    /// The extensions that are to be made now, together with those that are to be made soon.
    ///
    /// Each message's outcome is told with ``extended(_:at:)`` or ``failed(_:at:)``. One that has been kept for as long
    /// as it may is removed.
    package mutating func takeDue(at now: Duration) -> [LeaseChange] {
        guard let next = nextDue, next <= now else { return [] }
        var changes: [LeaseChange] = []
        for (receipt, lease) in leases {
            guard let due = lease.due, due <= now + step else { continue }
            let rest = limit.map { min(timeout, lease.received + $0 - now) } ?? timeout
            let duration = unit * Int(rest / unit)
            if duration <= .zero || now + duration <= lease.end {
                leases.removeValue(forKey: receipt)
                continue
            }
            leases[receipt]?.due = nil
            changes.append(LeaseChange(receipt, duration))
        }
        return changes
    }

    /// A message was extended.
    ///
    /// - Parameters:
    ///   - change: What ``takeDue(at:)`` gave.
    ///   - time: When it was asked for.
    package mutating func extended(_ change: LeaseChange, at time: Duration) {
        guard var lease = leases[change.receipt] else { return }
        lease.end = time + change.duration
        lease.due = time + timeout / 2
        leases[change.receipt] = lease
    }

    /// A message was not extended; that is tried again before others get to see it, and not any more then.
    ///
    /// - Returns: Whether it is still kept, or was until now.
    package mutating func failed(_ change: LeaseChange, at now: Duration) -> Bool {
        guard let lease = leases[change.receipt] else { return false }
        let next = now + step
        if next < lease.end {
            leases[change.receipt]?.due = next
        } else {
            leases.removeValue(forKey: change.receipt)
        }
        return true
    }

    private var step: Duration { timeout / 8 }
}
