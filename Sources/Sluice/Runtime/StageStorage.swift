/// One stage at run time: its machine under a lock, and the effects of the machine's decisions.
///
/// No lock is held while another is taken, a continuation is resumed, or user code runs.
final class StageStorage: Sendable {
    typealias Make = @Sendable (StageContext) async throws -> RunningStage
    /// Says what emitted events weigh.
    typealias Weigh = @Sendable (EventBatch) -> [Int]
    /// Told of received events that a failure has left to nobody.
    typealias LostHook = @Sendable (EventQueue, any Error) -> Void

    let id: StageID
    let name: String
    let kind: StageKind
    let scope: ScopeStorage
    let machine: Lock<StageMachine>
    let interruption = Lock(Interruption())
    private let discardHook: Outlet.DiscardHook?
    let lostHook: LostHook?
    let weigh: Weigh?

    /// The workers, if the stage is a pool.
    let crew: (any PoolCrew)?

    /// What the stage's task runs on, if not on the graph's own.
    let executor: (any TaskExecutor)?

    /// Makes the stage's value.
    ///
    /// Taken by the stage's task, so that it goes with the task: it may hold what holds this stage.
    let make: Lock<Make?>

    /// Belongs to the delivery right, which the machine gives to one holder at a time under its lock: so accesses
    /// never overlap, and each one happens after the one before.
    nonisolated(unsafe) let outlet: UnsafeMutablePointer<Outlet>

    init(
        id: StageID,
        name: String,
        kind: StageKind,
        outlet: consuming Outlet,
        buffer: BufferPolicy,
        weigh: Weigh? = nil,
        startsPaused: Bool,
        scope: ScopeStorage,
        lostHook: LostHook?,
        crew: (any PoolCrew)? = nil,
        executor: (any TaskExecutor)? = nil,
        make: @escaping Make
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        discardHook = outlet.discardHook
        self.make = Lock(make)
        self.crew = crew
        self.executor = executor
        self.lostHook = lostHook
        self.weigh = weigh
        self.scope = scope
        machine = Lock(
            StageMachine(kind: kind, isPool: crew != nil, buffer: buffer, startsPaused: startsPaused)
        )
        self.outlet = .allocate(capacity: 1)
        self.outlet.initialize(to: outlet)
    }

    /// The form of a weight that knows no types.
    static func weigher<Event: Sendable>(_ weight: (@Sendable (Event) -> Int)?) -> Weigh? {
        guard let weight else { return nil }
        return { events in
            events.array(of: Event.self).map { event in
                let weight = weight(event)
                precondition(weight >= 0, "An event weighs at least 0, not \(weight)")
                return weight
            }
        }
    }

    deinit {
        outlet.deinitialize(count: 1)
        outlet.deallocate()
    }

    /// Makes a transition of the machine and does what it decided.
    func apply(_ transition: (inout StageMachine) -> StageMachine.Effects) {
        var signals = ShortQueue<Signal>()
        settle(&signals, transition)
        signals.send()
    }

    /// Makes a transition of the machine and does what it decided, except to speak to the producers.
    ///
    /// - Parameters:
    ///   - signals: To it is added what is to be said to them.
    ///   - transition: Runs under the machine's lock.
    private func settle(
        _ signals: inout ShortQueue<Signal>,
        _ transition: (inout StageMachine) -> StageMachine.Effects
    ) {
        var effects = machine.withLock { machine in
            let effects = transition(&machine)
            if effects.delivers { machine.fill(&outlet.pointee.delivery) }
            return effects
        }
        effects.waiter?.resume()
        if effects.interrupt { interrupt() }
        if effects.delivers { deliver(&signals) }
        if effects.hasOverflow { reportOverflow() }
        if !effects.signals.isEmpty { signals.append(effects.signals.take()) }
    }

    /// Delivers as the holder of the right until nothing is deliverable.
    private func deliver(_ signals: inout ShortQueue<Signal>) {
        while true {
            if let fault = outlet.pointee.deliver() {
                scope.failed(StageError(.dispatcherFault, "Stage '\(name)': \(fault)"), in: name)
            }
            var effects = machine.withLock { machine in
                machine.delivered(&outlet.pointee.delivery, outlet.pointee.report)
            }
            effects.waiter?.resume()
            if effects.interrupt { interrupt() }
            if effects.hasOverflow { reportOverflow() }
            if !effects.signals.isEmpty { signals.append(effects.signals.take()) }
            if !effects.delivers { return }
        }
    }

    /// What the stage's own task is to do next; the work of the delivery right is done already.
    func nextWork() -> StageMachine.Work? {
        while true {
            var delivers = false
            let work = machine.withLock { machine -> StageMachine.Work? in
                switch machine.nextWork() {
                case .deliver:
                    machine.fill(&outlet.pointee.delivery)
                    delivers = true
                    return nil
                case let work:
                    return work
                }
            }
            guard delivers else { return work }
            var signals = ShortQueue<Signal>()
            deliver(&signals)
            signals.send()
        }
    }

    private func reportOverflow() {
        let (events, unheard, isFailure) = machine.withLock { $0.takeOverflow() }
        if !unheard.isEmpty { discardHook?(unheard, .noConsumer) }
        guard !events.isEmpty else { return }
        discardHook?(events, .bufferFull)
        guard isFailure else { return }
        scope.failed(
            StageError(.bufferOverflow, "Stage '\(name)' emitted \(events.count) events more than its buffer may keep"),
            in: name
        )
    }

    func discardRemains(because failure: (any Error)?) {
        let error = failure ?? StageError(.stageEnded, "Stage '\(name)' ended before it had handled them")
        reportLost(error)
        var emitted = machine.withLock { $0.takeEmitted() }
        if let remains = crew?.close() {
            lost(remains.waiting, error)
            if remains.results.count > 0 { emitted.append(remains.results) }
        }
        // Nothing of the graph runs any more, so nobody has the right.
        let discarded = outlet.pointee.discardAll(emitted)
        machine.withLock { $0.discarded(discarded) }
    }

    /// A manual stage asks.
    func ask(_ count: Int, by subscription: SubscriptionID) {
        apply { $0.askManually(count, by: subscription) }
    }

    /// A pool's event has come to its end without a result.
    func settled(_ subscription: SubscriptionID) {
        apply { $0.settled(subscription) }
    }

    /// Ends a subscription to this stage.
    func disconnect(_ subscription: SubscriptionID, because reason: (any Error)?) {
        apply { $0.note(.cancelled(subscription, because: reason)) }
    }

    private func interrupt() {
        guard let cancel = interruption.withLock({ $0.acquire() }) else { return }
        cancel()
        interruption.withLock { $0.release() }
    }
}

extension StageStorage: Upstream {
    func receive(_ content: Signal.Content, for subscription: SubscriptionID, _ signals: inout ShortQueue<Signal>) {
        switch content {
        case .ask(let count): settle(&signals) { $0.note(.asked(count, subscription)) }
        case .cancel(let reason): settle(&signals) { $0.note(.cancelled(subscription, because: reason)) }
        }
    }

    func subscribe(_ id: SubscriptionID, _ downstream: any Downstream, _ request: SubscriptionRequest) {
        apply { $0.note(.subscribed(id, downstream, request)) }
    }
}

extension StageStorage: Downstream {
    func deliver(_ events: consuming EventQueue, for subscription: SubscriptionID) {
        machine.withLock { $0.received(events.take(), for: subscription) }?.resume()
    }

    func ended(_ subscription: SubscriptionID, _ end: SubscriptionEnd) {
        let (ending, failure) = machine.withLock { ($0.ending(of: subscription), $0.failure) }
        apply { $0.producerEnded(subscription, end) }
        ending?.resolve(end)
        // What came after the stage had failed.
        if let failure { reportLost(failure) }
    }
}
