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

    private var phase: StagePhase
    /// No subscription will be added any more.
    private var isWired = false
    private var isCancelled = false
    /// Why the task comes out of its loop before the stage has come to its end.
    private(set) var halt: StageHalt?
    private var inbound = Inbound()
    private var outbound: Outbound
    private var requests: Deque<PerformRequest> = []
    private var placedCalls = PlacedCalls()
    /// Silent in a stage that is not timed.
    private var alarm = Alarm()
    private var newSubscriptions: Deque<SubscriptionID> = []

    /// Asks that wait until what was emitted fits the consumers' demand.
    private var deferredAsks = ShortQueue<Signal>()
    private var isInHandler = false

    /// Events that a pool has received and that have not come to their end: it does not end before they have.
    private var inPool = 0

    /// How many received events no handler has dealt with, because of failures.
    private var lostCount = 0

    /// The error with which the stage has ended.
    private(set) var failure: (any Error)?

    /// Whether a source may be called: it returned something last time, or was stirred since its last call began.
    private var isStirred = true
    private var waiter: UnsafeContinuation<Void, Never>?

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
            if let request = requests.popFirst() { return .perform(request) }
            if !placedCalls.isEmpty, let request = nextPlacedCall() { return .perform(request) }
            if outbound.hasNotices, outbound.takeRight() { return .deliver }
            if let subscription = newSubscriptions.popFirst() { return .subscribed(subscription) }
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

    private mutating func nextSourceWork() -> Work? {
        guard phase == .running, isStirred, need > 0 else { return nil }
        // Asks that are still on their way to the dispatcher are not in this call's demand.
        isStirred = outbound.hasNotices
        isInHandler = true
        return .demand(need)
    }

    /// A pool receives whatever its consumers want, and emits as much as they want: its workers are the limit.
    private mutating func nextPoolWork() -> Work? {
        guard let chunk = inbound.nextChunk() else { return kind.emits ? nextSourceWork() : nil }
        inPool += chunk.events.count
        isInHandler = true
        return .handle(chunk.events, from: chunk.subscription)
    }

    private mutating func nextReceivedWork() -> Work? {
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

    private mutating func deadlineWork() -> Work {
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
    mutating func park(_ continuation: UnsafeContinuation<Void, Never>) -> Bool {
        if hasWork { return true }
        waiter = continuation
        return false
    }

    /// A handler call has returned these events.
    mutating func handled(emitting events: consuming EventBatch?) -> Effects {
        isInHandler = false
        if let events = consume events, events.count > 0 {
            if kind == .producer { isStirred = true }
            if isPool { inPool -= events.count }
            outbound.emit(events)
        }
        return effectsOfEmission()
    }

    /// A `perform` that runs has these events for the consumers.
    mutating func emit(_ events: consuming EventBatch) -> Effects {
        guard kind.emits else { return Effects() }
        outbound.emit(events)
        return effectsOfEmission()
    }

    private mutating func effectsOfEmission() -> Effects {
        var effects = effects()
        outbound.trim()
        if !placedCalls.isEmpty { placedCalls.cut(at: outbound.end) }
        effects.hasOverflow = outbound.hasOverflow
        return effects
    }

    private mutating func nextPlacedCall() -> PerformRequest? {
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

    // MARK: Neighbours, as producers

    /// Gives the holder of the delivery right its work; see ``Outbound/fill(_:)``.
    mutating func fill(_ delivery: inout Outbound.Delivery) {
        outbound.fill(&delivery)
    }

    /// The holder of the right has done its work; see ``Outbound/delivered(_:_:)``.
    ///
    /// If there is more, it is filled in already.
    mutating func delivered(_ delivery: inout Outbound.Delivery, _ report: Outbound.Report) -> Effects {
        var effects = Effects()
        if report.capacity > outbound.capacity { isStirred = true }
        let hadSubscription = outbound.hasSubscription
        effects.delivers = outbound.delivered(&delivery, report)
        if !placedCalls.isEmpty { placedCalls.cut(at: outbound.end) }
        effects.hasOverflow = outbound.hasOverflow
        if mayAsk { effects.signals = deferredAsks.take() }
        if hadSubscription, !outbound.hasSubscription { return afterLosingConsumer(effects) }
        effects.waiter = takeWaiter()
        return effects
    }

    /// Takes what was too much for the buffer.
    ///
    /// - Returns: Also whether it must fail the graph.
    mutating func takeOverflow() -> (EventQueue, isFailure: Bool) {
        outbound.takeOverflow()
    }

    mutating func note(_ notice: Outbound.Notice) -> Effects {
        outbound.note(notice)
        switch notice {
        case .asked: isStirred = true
        // At once: nobody waits for a handler to be heard.
        case .cancelled, .subscribed, .resubscribed, .closed: return effects()
        }
        return outbound.needsDelivery ? effects() : Effects(waiter: takeWaiter())
    }

    // MARK: Neighbours, as consumers

    /// - Returns: False if the stage has ended.
    mutating func subscribe(
        _ id: SubscriptionID,
        to upstream: any Upstream,
        mode: SubscriptionMode = .transient,
        ending: SubscriptionEnding = SubscriptionEnding(),
        window: DemandWindow?
    ) -> Bool {
        guard !isEnded, !isCancelled, !isForsaken, phase != .closing else { return false }
        // A pool asks for one more when an event has ended, which no window knows.
        inbound.subscribe(id, to: upstream, mode: mode, ending: ending, window: isPool ? nil : window)
        return true
    }

    /// The producer has refused the subscription.
    mutating func refused(_ id: SubscriptionID) -> Effects {
        inbound.remove(id)
        return Effects(waiter: takeWaiter())
    }

    /// The producer has accepted the subscription.
    mutating func accepted(_ id: SubscriptionID, window: DemandWindow?) -> Effects {
        var effects = Effects()
        inbound.accept(id)
        if let window {
            effects.signals = ShortQueue(inbound.ask(window.max, by: id))
        } else {
            newSubscriptions.append(id)
            effects.waiter = takeWaiter()
        }
        return effects
    }

    /// - Returns: The stage's parked task, to be resumed.
    mutating func received(
        _ events: consuming EventQueue,
        for id: SubscriptionID
    ) -> UnsafeContinuation<Void, Never>? {
        inbound.received(events, for: id)
        return takeWaiter()
    }

    mutating func producerEnded(_ id: SubscriptionID, _ end: SubscriptionEnd) -> Effects {
        var effects = Effects(signals: inbound.ended(id, end))
        effects.waiter = takeWaiter()
        return effects
    }

    mutating func pause(_ id: SubscriptionID) {
        inbound.pause(id)
    }

    mutating func resume(_ id: SubscriptionID) -> Effects {
        sending(inbound.resume(id))
    }

    /// What waits for the end of a subscription.
    func ending(of id: SubscriptionID) -> SubscriptionEnding? {
        inbound.ending(of: id)
    }

    /// A manual stage asks.
    mutating func askManually(_ count: Int, by id: SubscriptionID) -> Effects {
        sending(inbound.ask(count, by: id))
    }

    /// Changes the window of a subscription.
    mutating func change(_ id: SubscriptionID, min: Int, max: Int) -> Effects {
        sending(inbound.change(id, min: min, max: max))
    }

    /// An event of a pool has come to its end without a result; another may come in its place.
    mutating func settled(_ id: SubscriptionID) -> Effects {
        inPool -= 1
        var effects = askManually(1, by: id)
        effects.waiter = takeWaiter()
        return effects
    }

    mutating func leave(_ id: SubscriptionID, because reason: (any Error)?) -> Signal? {
        inbound.leave(id, because: reason)
    }

    // MARK: Failures

    /// Whether a value of the stage may be made.
    var mayLive: Bool { !isCancelled && halt == nil }

    /// Lets the task come out of its loop because another stage has failed; a stage that has ended does not notice.
    mutating func halt(_ reason: StageHalt) -> Effects {
        guard !isEnded, !isCancelled else { return Effects() }
        // A restart is the least of the reasons.
        if case .restart? = halt { halt = reason } else { halt = halt ?? reason }
        var effects = Effects(waiter: takeWaiter())
        effects.interrupt = true
        return effects
    }

    /// The stage's value is gone, to be made afresh; what it had in hand counts as handled.
    mutating func interrupted() -> Effects {
        halt = nil
        isInHandler = false
        isStirred = true
        // The next value is told of the end as well.
        if phase == .closing { phase = .running }
        return effects()
    }

    /// The stage's value is made afresh.
    ///
    /// - Returns: False if there is nothing for it to do any more.
    mutating func revive() -> Bool {
        guard !isCancelled, phase != .draining else { return false }
        newSubscriptions = Deque(inbound.manualSubscriptions)
        return true
    }

    /// The stage ends for good: what it has emitted is still delivered.
    mutating func fail(_ error: any Error) -> Effects {
        isInHandler = false
        failure = error
        end(.failed(error))
        var effects = effects()
        effects.signals.append(inbound.leaveAll(because: error))
        return effects
    }

    /// Counts events that a failure has left to nobody.
    mutating func lost(_ count: Int) {
        lostCount += count
    }

    /// Takes what the stage has received and not handled.
    mutating func takeReceived() -> [EventQueue] {
        inbound.takeAll()
    }

    // MARK: Anyone

    /// - Returns: Nil if the stage has ended and will not perform it.
    mutating func perform(_ request: PerformRequest) -> Effects? {
        guard !isEnded, !isCancelled else { return nil }
        requests.append(request)
        return Effects(waiter: takeWaiter())
    }

    /// Like ``perform(_:)``, but in the place that the call has now among the stage's events.
    mutating func notify(_ request: PerformRequest) -> Effects? {
        guard !isEnded, !isCancelled else { return nil }
        placedCalls.append(request, behind: inbound.takenEvents + inbound.waitingEvents)
        return Effects(waiter: takeWaiter())
    }

    /// Takes back a request that has not begun.
    ///
    /// - Returns: Whether it was still there.
    mutating func withdraw(_ request: PerformRequest) -> Bool {
        guard let index = requests.firstIndex(where: { $0 === request }) else { return placedCalls.remove(request) }
        requests.remove(at: index)
        return true
    }

    /// Nothing more leaves the stage, and it is not called for its consumers' demand.
    mutating func pause() {
        outbound.pause()
    }

    /// Ends a pause.
    mutating func resume() -> Effects {
        outbound.resume()
        isStirred = true
        return effects()
    }

    /// Lets a source that had nothing be called again.
    mutating func stirred() -> Effects {
        isStirred = true
        return Effects(waiter: takeWaiter())
    }

    // MARK: The scope

    mutating func go() -> Effects {
        if phase == .held { phase = .running }
        return Effects(waiter: takeWaiter())
    }

    /// No stage or subscription will be added any more.
    mutating func scopeClosed() -> Effects {
        var effects = go()
        effects.delivers = close()
        return afterLosingConsumer(effects)
    }

    /// A source stops; other stages go on until their producers have finished.
    ///
    /// The scope takes no more subscriptions, so a stage without a neighbour has nothing to wait for.
    mutating func drain() -> Effects {
        outbound.resume()
        var effects = Effects(delivers: close())
        if kind == .producer, phase == .held || phase == .running {
            phase = .draining
            effects.interrupt = true
        }
        return afterLosingConsumer(effects)
    }

    mutating func cancel() -> Effects {
        isCancelled = true
        return Effects(waiter: takeWaiter())
    }

    /// Takes what the stage has emitted and its dispatcher has not taken.
    mutating func takeEmitted() -> EventQueue {
        outbound.takeBuffer()
    }

    /// Everything is over: gives out what refers to neighbours, to be destroyed outside of the lock.
    mutating func dismantle() -> (Inbound, Outbound, ShortQueue<Signal>) {
        phase = .stopped
        defer { (inbound, outbound, deferredAsks) = (Inbound(), Outbound(), ShortQueue()) }
        return (inbound, outbound, deferredAsks)
    }

    // MARK: Inside

    /// - Returns: Whether the caller has got the delivery right, to tell the dispatcher.
    private mutating func close() -> Bool {
        guard !isWired else { return false }
        isWired = true
        guard kind.emits else { return false }
        outbound.note(.closed)
        return outbound.takeRight()
    }

    /// Without a consumer for good, a source stops and another stage leaves its producers.
    private mutating func afterLosingConsumer(_ effects: consuming Effects) -> Effects {
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

    private var isForsaken: Bool { kind.emits && isWired && !outbound.hasSubscription }

    /// What a handler may emit: a pool that nobody will ever hear works off what it has, for its effects.
    private var need: Int { isPool && isForsaken ? DemandLedger.limit : outbound.need }

    /// Whether no handler will ever be called again.
    private var hasNoFuture: Bool {
        if kind == .producer { return phase == .draining }
        if inPool > 0 { return false }
        if isForsaken, !isPool { return true }
        if alarm.isHolding { return false }
        return inbound.isEmpty && !inbound.hasLiveSubscription && (isWired || inbound.hasSeenFinish)
    }

    /// Whether the stage is to be told of its end: once, and not if nobody wants what it would give out.
    private var wantsEnd: Bool { kind != .producer && !isPool && !isForsaken && phase != .closing }

    private mutating func beginClosing() -> Work {
        phase = .closing
        deferredAsks = ShortQueue()
        isInHandler = true
        return .end
    }

    private mutating func end(_ end: SubscriptionEnd = .finished) {
        phase = .finishing
        outbound.resume()
        deferredAsks = ShortQueue()
        outbound.finish(end)
    }

    /// Whether deferred asks may leave: what was emitted fits, and the stage is not full.
    private var mayAsk: Bool { !isInHandler && outbound.fits && !alarm.isHolding }

    /// An ask leaves at once, unless what was emitted does not fit the consumers' demand.
    private mutating func sending(_ ask: Signal?) -> Effects {
        guard let ask else { return Effects() }
        guard kind.emits, isInHandler || !outbound.fits else { return Effects(signals: ShortQueue(ask)) }
        deferredAsks.append(ask)
        return Effects()
    }

    private mutating func effects() -> Effects {
        var effects = Effects()
        effects.delivers = outbound.takeRight()
        if mayAsk { effects.signals = deferredAsks.take() }
        effects.waiter = takeWaiter()
        return effects
    }

    private mutating func takeWaiter() -> UnsafeContinuation<Void, Never>? {
        guard waiter != nil, hasWork else { return nil }
        defer { waiter = nil }
        return waiter
    }

    private var hasWork: Bool {
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

/// Why a stage's task comes out of its loop before the stage has come to its end.
enum StageHalt: Sendable {
    /// The stage is started afresh.
    case restart
    /// A worker of the pool has failed.
    case failed
    /// The stage ends for good, because another has failed.
    case end(any Error)
}

private enum StagePhase {
    /// A source that may not run yet; other stages are never here.
    case held
    case running
    /// A source that emits no more, because of a drain or because its last consumer is gone.
    case draining
    /// Nothing will be received any more: the stage gives out what it keeps; sources and pools are never here.
    case closing
    /// Nothing will be emitted any more; what is held is still delivered.
    case finishing
    /// The task has ended, or is to end at once.
    case stopped
}

// MARK: What is told of it

extension StageMachine {
    var activity: StageActivity {
        if isEnded { return .ended }
        if isInHandler { return .busy }
        if outbound.isPaused { return .paused }
        let hasEvents = !inbound.isEmpty || alarm.isHolding
        if kind.emits, outbound.need == 0, kind == .producer || hasEvents { return .waitingForDemand }
        if alarm.isHolding { return .busy }
        return .waitingForEvents
    }

    /// The stage's numbers; its name and its place are for others to add.
    var figures: GraphSnapshot.Stage {
        GraphSnapshot.Stage(
            kind: kind,
            activity: activity,
            emitted: outbound.emitted,
            demand: outbound.demand,
            buffered: outbound.held,
            keptByDispatcher: outbound.kept,
            waiting: inbound.waitingEvents,
            discarded: outbound.discarded,
            lost: lostCount,
            isStalled: outbound.isStalled
        )
    }

    /// What was asked for on a subscription and has not been given to the handler.
    func unserved(of id: SubscriptionID) -> Int { inbound.unserved(of: id) }

    func hasAsked(_ id: SubscriptionID) -> Bool { inbound.hasAsked(id) }

    /// Both totals of each subscription to a producer.
    var incoming: [(subscription: SubscriptionID, producer: StageID, ledger: DemandLedger)] { inbound.ledgers }
}

// MARK: Books, for checks of a whole graph at rest

extension StageMachine {
    var books: StageBooks {
        StageBooks(
            held: outbound.held + outbound.kept,
            capacity: outbound.capacity,
            emitted: outbound.emitted,
            waiting: inbound.waitingEvents,
            incoming: inbound.ledgers.map {
                EdgeBooks(subscription: $0.subscription, asked: $0.ledger.asked, delivered: $0.ledger.delivered)
            },
            deferredAsks: deferredAsks.compactMap { signal in
                guard case .ask(let count) = signal.content else { return nil }
                return AskBooks(subscription: signal.subscription, count: count)
            },
            pendingAsks: outbound.pendingAsks.map { AskBooks(subscription: $0.subscription, count: $0.count) }
        )
    }
}
