/// The emitting half of a stage's machine: the buffer, the delivery right, and what waits for its holder.
///
/// The dispatcher belongs to the right, not to this machine; here are only the counts that it last reported.
struct Outbound: Sendable {
    /// What neighbours did, for the dispatcher, in order.
    enum Notice: Sendable {
        case subscribed(SubscriptionID, any Downstream, SubscriptionRequest)
        case asked(Int, SubscriptionID)
        case cancelled(SubscriptionID, because: (any Error)?)
        /// Changes what a subscription wants.
        case resubscribed(SubscriptionID, SubscriptionRequest)
        /// Nobody will subscribe any more.
        case closed
    }

    /// Work for the holder of the delivery right.
    struct Delivery: ~Copyable, Sendable {
        var notices = ShortQueue<Notice>()
        var events = EventQueue()
        /// Nothing follows these: when the dispatcher keeps nothing, tell every subscription so.
        var isEnding = false
        /// What they are told.
        var end = SubscriptionEnd.finished
    }

    /// What the holder of the right found when its work was done.
    struct Report {
        /// What the dispatcher could place now.
        var capacity = 0
        /// What the dispatcher keeps.
        var kept = 0
        /// How many events the dispatcher has given to nobody.
        var discarded = 0
        /// How many subscriptions there are.
        var subscriptions = 0
        /// Every subscription was told that nothing will follow.
        var isFinished = false
    }

    private var notices = ShortQueue<Notice>()
    private var buffer = EventQueue()
    private var inHand = 0
    private var isRightTaken = false
    private var ending = OutboundEnding.none
    private var outcome = SubscriptionEnd.finished
    private let policy: BufferPolicy
    /// What was too much for the buffer, for the hook.
    private var overflow = EventQueue()
    /// What no consumer was there for, for the hook.
    private var unheard = EventQueue()
    /// Of what is held; nil if the buffer's limit counts events.
    private var weights: BufferWeights?
    /// Nothing leaves the buffer, and nothing more is wanted.
    private(set) var isPaused: Bool
    private var subscriptionCount = 0
    /// Subscriptions that no holder of the right has seen, or that are in its hands.
    private var newSubscriptionCount = 0
    private var inHandSubscriptionCount = 0

    /// What the dispatcher kept when it was last asked.
    private(set) var kept = 0

    /// What the dispatcher or the buffer has given to nobody.
    var discarded: Int { dispatcherDiscarded + overflowed }
    private var dispatcherDiscarded = 0
    private var overflowed = 0
    private var droppedNewest = 0

    /// What the dispatcher could place when it was last asked.
    private(set) var capacity = 0

    /// Counts every event ever emitted.
    private(set) var emitted = 0

    init(policy: BufferPolicy = .unbounded, isPaused: Bool = false) {
        self.policy = policy
        self.isPaused = isPaused
        weights = policy.countsWeight ? BufferWeights() : nil
    }

    var hasOverflow: Bool { !overflow.isEmpty || !unheard.isEmpty }

    var hasSubscription: Bool { subscriptionCount + newSubscriptionCount + inHandSubscriptionCount > 0 }
    var hasNotices: Bool { !notices.isEmpty }

    /// Whether notices wait that no holder of the right will find.
    var hasUnattendedNotices: Bool { !notices.isEmpty && !isRightTaken }

    /// Everything emitted that the dispatcher has not taken.
    var held: Int { buffer.count + inHand }

    /// How many events have left the front of the buffer: the dispatcher took them, or they were dropped as the oldest.
    var departed: Int { end - held }

    /// How many events will have left the front of the buffer when what is held now is gone.
    var end: Int { emitted - droppedNewest }

    /// What consumers still want beyond everything emitted: a call's demand.
    var need: Int { isPaused ? 0 : Swift.max(0, capacity - held) }

    /// Like ``need``, with the asks that the dispatcher has not seen.
    var demand: Int {
        isPaused ? 0 : Swift.max(0, pendingAsks.reduce(capacity - held) { $0 + $1.count })
    }

    /// Whether nothing was emitted beyond what consumers want.
    var fits: Bool { held <= capacity }

    mutating func note(_ notice: Notice) {
        if case .subscribed = notice { newSubscriptionCount += 1 }
        notices.append(notice)
    }

    mutating func emit(_ events: consuming EventBatch, weighing weights: [Int] = []) {
        emitted += events.count
        self.weights?.append(weights)
        buffer.append(events)
    }

    mutating func finish(_ end: SubscriptionEnd) {
        guard ending == .none else { return }
        ending = .finishing
        outcome = end
    }

    mutating func pause() {
        // What has ended is not held back: nobody would ever resume it.
        if ending == .none { isPaused = true }
    }

    mutating func resume() {
        isPaused = false
    }

    /// Cuts the buffer to its limit, unless the holder of the right will do so.
    mutating func trim() {
        guard !isRightTaken, !buffer.isEmpty else { return }
        if !policy.waitsForConsumers, !hasSubscription {
            overflowed += buffer.count
            weights?.removeFirst(buffer.count)
            return unheard.append(buffer.take())
        }
        let excess = excess
        guard excess > 0 else { return }
        overflowed += excess
        switch policy.overflow {
        case .dropOldest:
            weights?.removeFirst(excess)
            overflow.append(buffer.removeFirst(excess))
        case .dropNewest, .fail:
            droppedNewest += excess
            weights?.removeLast(excess)
            let kept = buffer.removeFirst(buffer.count - excess)
            overflow.append(buffer.take())
            buffer = kept
        }
    }

    /// How many events of the buffer are too many.
    private var excess: Int {
        guard let weights else { return buffer.count - policy.limit }
        return weights.excess(over: policy.limit, oldest: policy.overflow == .dropOldest)
    }

    mutating func discarded(_ count: Int) {
        (dispatcherDiscarded, kept) = (count, 0)
    }

    mutating func takeBuffer() -> EventQueue {
        buffer.take()
    }

    /// Takes what was too much for the buffer, and what no consumer was there for.
    ///
    /// - Returns: Also whether the former must fail the graph.
    mutating func takeOverflow() -> (overflow: EventQueue, unheard: EventQueue, isFailure: Bool) {
        (overflow.take(), unheard.take(), policy.overflow == .fail)
    }

    /// Takes the right if it is free and there is something to do under it.
    ///
    /// - Returns: Whether the right was taken; then ``fill(_:)`` follows at once.
    mutating func takeRight() -> Bool {
        guard !isRightTaken, hasWork else { return false }
        isRightTaken = true
        return true
    }

    /// Gives the holder of the right its work.
    ///
    /// - Parameter delivery: What the holder has in hand: nothing. It is filled in place, for it is large.
    mutating func fill(_ delivery: inout Delivery) {
        delivery.isEnding = ending != .none && buffer.isEmpty
        if delivery.isEnding { delivery.end = outcome }
        (inHandSubscriptionCount, newSubscriptionCount) = (newSubscriptionCount, 0)
        if !notices.isEmpty { swap(&delivery.notices, &notices) }
        guard !isPaused else { return }
        inHand = buffer.count
        swap(&delivery.events, &buffer)
    }

    /// Whether a neighbour must act at once, and not leave its notice for the stage's own task.
    var needsDelivery: Bool { !buffer.isEmpty || kept > 0 || ending != .none }

    /// The holder has done its work.
    ///
    /// - Parameters:
    ///   - delivery: What is left of its events; taken back. More work, if there is some.
    ///   - report: What the holder found.
    /// - Returns: Whether there is more work; if not, the right is given back.
    mutating func delivered(_ delivery: inout Delivery, _ report: Report) -> Bool {
        if weights != nil { weights?.removeFirst(inHand - delivery.events.count) }
        inHand = 0
        inHandSubscriptionCount = 0
        (capacity, kept, subscriptionCount) = (report.capacity, report.kept, report.subscriptions)
        dispatcherDiscarded = report.discarded
        if delivery.isEnding { ending = report.isFinished ? .finished : .keeping }
        if !delivery.events.isEmpty {
            delivery.events.append(buffer.take())
            swap(&delivery.events, &buffer)
        }
        guard hasWork else {
            isRightTaken = false
            trim()
            return false
        }
        fill(&delivery)
        return true
    }

    private var hasWork: Bool {
        if !notices.isEmpty { return true }
        return buffer.isEmpty ? ending == .finishing : capacity > 0 && !isPaused
    }

}

extension Outbound {
    /// Whether events are kept that consumers want, and nobody is delivering them: it must never be.
    var isStalled: Bool { !isRightTaken && !isPaused && !buffer.isEmpty && capacity > 0 }

    /// Asks that wait for the holder of the right.
    var pendingAsks: [(subscription: SubscriptionID, count: Int)] {
        notices.compactMap { if case .asked(let count, let id) = $0 { (id, count) } else { nil } }
    }
}

private enum OutboundEnding {
    case none
    case finishing
    /// The dispatcher still keeps events: only a neighbour's ask or leaving goes on.
    case keeping
    case finished
}
