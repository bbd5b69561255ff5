/// The emitting half of a stage's machine: the buffer, the delivery right, and what waits for its holder.
///
/// The dispatcher belongs to the right, not to this machine; here are only the counts that it last reported.
struct Outbound: Sendable {
    /// What neighbours did, for the dispatcher, in order.
    enum Notice: Sendable {
        case subscribed(SubscriptionID, any Downstream)
        case asked(Int, SubscriptionID)
        case cancelled(SubscriptionID)
    }

    /// Work for the holder of the delivery right; whoever has one holds it.
    struct Delivery: Sendable {
        var notices: [Notice]
        var events: EventQueue
        /// Everything before it is delivered: tell every subscription that nothing will follow.
        var isFinal: Bool
    }

    private var notices: [Notice] = []
    private var noticeCount = 0
    private var buffer = EventQueue()
    private var inHand = 0
    private var isRightTaken = false
    private var ending = OutboundEnding.none
    private var subscriptionCount = 0

    /// What the dispatcher could place when it was last asked.
    private(set) var capacity = 0

    /// Counts every event ever emitted.
    private(set) var emitted = 0

    var hasSubscription: Bool { subscriptionCount > 0 }
    var hasNotices: Bool { noticeCount > 0 }

    /// Whether notices wait that no holder of the right will find.
    var hasUnattendedNotices: Bool { noticeCount > 0 && !isRightTaken }

    /// Everything emitted and not delivered.
    var held: Int { buffer.count + inHand }

    /// What consumers still want beyond everything emitted: a call's demand.
    var need: Int { Swift.max(0, capacity - held) }

    /// Like ``need``, with the asks that the dispatcher has not seen.
    var demand: Int {
        Swift.max(0, pendingAsks.reduce(capacity - held) { $0 + $1.count })
    }

    /// Whether nothing was emitted beyond what consumers want.
    var fits: Bool { held <= capacity }

    mutating func note(_ notice: Notice) {
        switch notice {
        case .subscribed: subscriptionCount += 1
        case .cancelled: subscriptionCount -= 1
        case .asked: break
        }
        noticeCount += 1
        notices.append(notice)
    }

    mutating func emit(_ events: Batch) {
        emitted += events.count
        buffer.append(events)
    }

    mutating func finish() {
        if ending == .none { ending = .finishing }
    }

    /// Takes the right if it is free and there is something to do under it.
    mutating func takeRight() -> Delivery? {
        guard !isRightTaken, hasWork else { return nil }
        isRightTaken = true
        return makeDelivery()
    }

    /// Whether a neighbour must act at once, and not leave its notice for the stage's own task.
    var needsDelivery: Bool { !buffer.isEmpty || ending != .none }

    /// The holder has done its work.
    ///
    /// - Returns: More work; nil when nothing is left, and then the right is given back.
    mutating func delivered(leaving leftover: consuming EventQueue, capacity: Int, wasFinal: Bool) -> Delivery? {
        inHand = 0
        self.capacity = capacity
        if wasFinal { ending = .finished }
        if !leftover.isEmpty {
            leftover.append(buffer)
            buffer = leftover
        }
        guard hasWork else {
            isRightTaken = false
            return nil
        }
        return makeDelivery()
    }

    private var hasWork: Bool {
        if noticeCount > 0 { return true }
        return buffer.isEmpty ? ending == .finishing : capacity > 0
    }

    private mutating func makeDelivery() -> Delivery {
        let delivery = Delivery(
            notices: notices,
            events: buffer,
            isFinal: ending != .none && buffer.isEmpty
        )
        notices = []
        noticeCount = 0
        inHand = buffer.count
        buffer = EventQueue()
        return delivery
    }
}

extension Outbound {
    /// Asks that wait for the holder of the right.
    var pendingAsks: [(subscription: SubscriptionID, count: Int)] {
        notices.compactMap { if case .asked(let count, let id) = $0 { (id, count) } else { nil } }
    }
}

private enum OutboundEnding {
    case none
    case finishing
    case finished
}
