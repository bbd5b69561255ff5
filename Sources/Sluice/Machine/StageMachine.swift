import DequeModule

/// Everything that one stage decides: a pure machine, without locks, clocks, tasks or user code.
///
/// The owner keeps it under a lock, and does what it returns outside of the lock.
struct StageMachine: ~Copyable {
    /// What the stage's task does next.
    enum Work: ~Copyable {
        case perform(PerformRequest)
        /// The task holds the delivery right; ``fill(_:)`` follows at once.
        case deliver
        case subscribed(SubscriptionID)
        case handle(EventQueue, from: SubscriptionID)
        case demand(Int)
        /// A timed stage's deadline has come, and its consumers want so many events.
        case deadline(demand: Int)
        /// Everything received was handled, and nothing more will come: the stage may give out what it keeps.
        case end
        /// The task ends: everything that the stage will emit has been emitted.
        case stop
    }

    /// What is to be done outside of the lock after a neighbour's or the task's input.
    struct Effects: ~Copyable {
        /// The caller holds the delivery right; ``fill(_:)`` follows at once.
        var delivers = false
        var signals = ShortQueue<Signal>()
        var waiter: UnsafeContinuation<Void, Never>?
        /// Cancel the source's task, so that a waiting handler returns.
        var interrupt = false
        /// Something was too much for the buffer; ``takeOverflow()`` tells what.
        var hasOverflow = false
    }

    let kind: StageKind

    /// Whether the stage's handlers only pass events on to workers, and results back.
    let isPool: Bool

    // The rest is for the extensions of this type alone.

    var phase: StagePhase
    /// No subscription will be added any more.
    var isWired = false
    var isCancelled = false
    /// Why the task comes out of its loop before the stage has come to its end.
    var halt: StageHalt?
    var inbound = Inbound()
    var outbound: Outbound
    var requests: Deque<PerformRequest> = []
    var placedCalls = PlacedCalls()
    /// Silent in a stage that is not timed.
    var alarm = Alarm()
    var newSubscriptions: Deque<SubscriptionID> = []

    /// Asks that wait until what was emitted fits the consumers' demand.
    var deferredAsks = ShortQueue<Signal>()
    var isInHandler = false

    /// Events that a pool has received and that have not come to their end: it does not end before they have.
    var inPool = 0

    /// How many received events no handler has dealt with, because of failures.
    var lostCount = 0

    /// The error with which the stage has ended.
    var failure: (any Error)?

    /// Whether a source may be called: it returned something last time, or was stirred since its last call began.
    var isStirred = true
    var waiter: UnsafeContinuation<Void, Never>?

    /// How the stage has spent its time, if the graph is measured.
    var account = TimeAccount()

    init(
        kind: StageKind,
        isPool: Bool = false,
        buffer: BufferPolicy = .unbounded,
        startsPaused: Bool = false
    ) {
        self.kind = kind
        self.isPool = isPool
        outbound = Outbound(policy: buffer, isPaused: startsPaused)
        phase = kind == .producer ? .held : .running
    }

    var isEnded: Bool { phase == .finishing || phase == .stopped }

    /// Whether the task waits for work.
    var isParked: Bool { waiter != nil }

    /// What consumers want beyond everything emitted.
    var demand: Int { outbound.demand }

    /// A cancelled stage drops what it has.
    var wasCancelled: Bool { isCancelled }

    /// Whether a `CancellationError` of the source counts as its end.
    var isDraining: Bool { phase == .draining }

    // MARK: The stage's own task

    /// The next work, or nil if there is none; work is taken when it is returned.
    mutating func nextWork() -> Work? {
        if isCancelled || phase == .stopped || halt != nil { return .stop }
        if phase != .finishing {
            // First: a call that is made when `subscribe` has returned finds a stage that knows of it.
            if let subscription = newSubscriptions.popFirst() { return .subscribed(subscription) }
            if let request = requests.popFirst() { return .perform(request) }
            if !placedCalls.isEmpty, let request = nextPlacedCall() { return .perform(request) }
            if outbound.hasNotices, outbound.takeRight() { return .deliver }
            inbound.removeFinished()
            if let error = inbound.producerFailure {
                halt = .end(error)
                return .stop
            }
            guard hasNoFuture else {
                if isPool { return nextPoolWork() }
                return kind == .producer ? nextSourceWork() : nextReceivedWork()
            }
            if wantsEnd { return beginClosing() }
            // At once, in the same transition: a subscription that came in between would never be served.
            end()
        }
        return outbound.takeRight() ? .deliver : .stop
    }

    mutating func nextSourceWork() -> Work? {
        guard phase == .running, isStirred, need > 0 else { return nil }
        // Asks that are still on their way to the dispatcher are not in this call's demand.
        isStirred = outbound.hasNotices
        isInHandler = true
        return .demand(need)
    }

    /// A pool receives whatever its consumers want, and emits as much as they want: its workers are the limit.
    mutating func nextPoolWork() -> Work? {
        guard let chunk = inbound.nextChunk() else { return kind.emits ? nextSourceWork() : nil }
        inPool += chunk.events.count
        isInHandler = true
        return .handle(chunk.events, from: chunk.subscription)
    }

    mutating func nextReceivedWork() -> Work? {
        if kind.emits, outbound.need == 0 { return nil }
        if !alarm.isQuiet {
            if alarm.isDue(hasEvents: !inbound.isEmpty) { return deadlineWork() }
            if alarm.isHolding { return nil }
            alarm.passOver()
        }
        guard var chunk = inbound.nextChunk() else { return nil }
        if let ask = chunk.ask.take() { deferredAsks.append(consume ask) }
        isInHandler = true
        return .handle(chunk.events, from: chunk.subscription)
    }

    mutating func deadlineWork() -> Work {
        alarm.take()
        isInHandler = true
        return .deadline(demand: outbound.need)
    }

    /// A timed stage begins, with no sleep under way.
    mutating func resetAlarm() {
        alarm = Alarm()
    }

    /// A timed stage says when it wants to be called, and whether it is full; ``handled(emitting:)`` follows at once.
    ///
    /// - Returns: Until when a new sleep must go; nil if none is needed.
    mutating func setAlarm(_ deadline: Duration?, isHolding: Bool, at now: Duration) -> Duration? {
        alarm.set(deadline, isHolding: isHolding, at: now)
    }

    /// A timed stage's sleep has ended.
    ///
    /// - Returns: Until when it goes on, nil if it is over; and the stage's parked task, to be resumed.
    mutating func slept(until time: Duration) -> (sleep: Duration?, waiter: UnsafeContinuation<Void, Never>?) {
        (alarm.slept(until: time), takeWaiter())
    }

    /// Parks the task's continuation, unless there is work by now.
    ///
    /// - Returns: Whether the task must be resumed at once.
    mutating func park(_ continuation: UnsafeContinuation<Void, Never>, at time: Duration? = nil) -> Bool {
        if hasWork { return true }
        waiter = continuation
        if let time { turn(to: activity, at: time) }
        return false
    }

    /// A handler call has returned these events.
    ///
    /// - Parameters:
    ///   - events: Nil is as good as none.
    ///   - weights: Of each, if the buffer's limit is one of weight.
    /// - Returns: What follows.
    mutating func handled(emitting events: consuming EventBatch?, weighing weights: [Int] = []) -> Effects {
        isInHandler = false
        if let events = consume events, events.count > 0 {
            if kind == .producer { isStirred = true }
            if isPool { inPool -= events.count }
            outbound.emit(events, weighing: weights)
        }
        return effectsOfEmission()
    }

    /// A `perform` that runs has these events for the consumers.
    mutating func emit(_ events: consuming EventBatch, weighing weights: [Int] = []) -> Effects {
        guard kind.emits else { return Effects() }
        outbound.emit(events, weighing: weights)
        return effectsOfEmission()
    }

    mutating func effectsOfEmission() -> Effects {
        var effects = effects()
        outbound.trim()
        if !placedCalls.isEmpty { placedCalls.cut(at: outbound.end) }
        effects.hasOverflow = outbound.hasOverflow
        return effects
    }

    mutating func nextPlacedCall() -> PerformRequest? {
        placedCalls.next(taken: inbound.takenEvents, departed: outbound.departed, end: outbound.end)
    }

    /// A `perform` has run: a source that had nothing is called again.
    mutating func performed() -> Effects {
        stirred()
    }

    /// The stage will emit no more.
    mutating func finish() -> Effects {
        isInHandler = false
        end()
        return effects()
    }

    /// The task ends; what waited for it will never be served.
    ///
    /// - Returns: The calls that never began, and what waits for the ends of subscriptions.
    mutating func stop() -> ([PerformRequest], [SubscriptionEnding]) {
        phase = .stopped
        defer { requests = [] }
        return (requests + placedCalls.removeAll(), inbound.endings)
    }

    // MARK: Inside

    /// - Returns: Whether the caller has got the delivery right, to tell the dispatcher.
    mutating func close() -> Bool {
        guard !isWired else { return false }
        isWired = true
        guard kind.emits else { return false }
        outbound.note(.closed)
        return outbound.takeRight()
    }

    /// Without a consumer for good, a source stops and another stage leaves its producers.
    mutating func afterLosingConsumer(_ effects: consuming Effects) -> Effects {
        if isForsaken {
            effects.signals.append(inbound.leaveAll())
            isStirred = true
            if kind == .producer, phase == .running || phase == .held {
                phase = .draining
                effects.interrupt = true
            }
        }
        effects.waiter = effects.waiter ?? takeWaiter()
        return effects
    }

    var isForsaken: Bool { kind.emits && isWired && !outbound.hasSubscription }

    /// What a handler may emit: a pool that nobody will ever hear works off what it has, for its effects.
    var need: Int { isPool && isForsaken ? DemandLedger.limit : outbound.need }

    /// Whether no handler will ever be called again.
    var hasNoFuture: Bool {
        if kind == .producer { return phase == .draining }
        if inPool > 0 { return false }
        if isForsaken, !isPool { return true }
        if alarm.isHolding { return false }
        return inbound.isEmpty && !inbound.hasLiveSubscription && (isWired || inbound.hasSeenFinish)
    }

    /// Whether the stage is to be told of its end: once, and not if nobody wants what it would give out.
    var wantsEnd: Bool { kind != .producer && !isPool && !isForsaken && phase != .closing }

    mutating func beginClosing() -> Work {
        phase = .closing
        deferredAsks = ShortQueue()
        isInHandler = true
        return .end
    }

    mutating func end(_ end: SubscriptionEnd = .finished) {
        phase = .finishing
        outbound.resume()
        deferredAsks = ShortQueue()
        outbound.finish(end)
    }

    /// Whether deferred asks may leave: what was emitted fits, and the stage is not full.
    var mayAsk: Bool { !isInHandler && outbound.fits && !alarm.isHolding }

    /// An ask leaves at once, unless what was emitted does not fit the consumers' demand.
    mutating func sending(_ ask: Signal?) -> Effects {
        guard let ask else { return Effects() }
        guard kind.emits, isInHandler || !outbound.fits else { return Effects(signals: ShortQueue(ask)) }
        deferredAsks.append(ask)
        return Effects()
    }

    mutating func effects() -> Effects {
        var effects = Effects()
        effects.delivers = outbound.takeRight()
        if mayAsk { effects.signals = deferredAsks.take() }
        effects.waiter = takeWaiter()
        return effects
    }

    mutating func takeWaiter() -> UnsafeContinuation<Void, Never>? {
        guard waiter != nil, hasWork else { return nil }
        defer { waiter = nil }
        return waiter
    }

    var hasWork: Bool {
        if isCancelled || isEnded || hasNoFuture || halt != nil { return true }
        if !requests.isEmpty || outbound.hasUnattendedNotices || !newSubscriptions.isEmpty { return true }
        if !placedCalls.isEmpty, placedCalls.canGoOn(taken: inbound.takenEvents, departed: outbound.departed) {
            return true
        }
        if kind == .producer { return phase == .running && isStirred && outbound.need > 0 }
        if isPool, !inbound.isEmpty || kind.emits && isStirred && need > 0 { return true }
        if inbound.startsWithFinish { return true }
        if kind.emits, outbound.need == 0 { return false }
        return alarm.isHolding ? alarm.isDue(hasEvents: false) : !inbound.isEmpty || alarm.isDue(hasEvents: false)
    }
}
