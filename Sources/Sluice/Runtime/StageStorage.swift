/// One stage at run time: its machine under a lock, and the effects of the machine's decisions.
///
/// No lock is held while another is taken, a continuation is resumed, or user code runs.
final class StageStorage: Sendable {
    typealias Delivery = Outbound.Delivery

    let id: StageID
    let name: String
    let kind: StageKind
    let scope: ScopeStorage
    let machine: Lock<StageMachine>
    let interruption = Lock(Interruption())

    /// Taken by the stage's task, so that it goes with the task: it may hold what holds this stage.
    let behavior: Lock<StageBehavior?>

    /// Belongs to the delivery right, which the machine gives to one holder at a time under its lock: so accesses
    /// never overlap, and each one happens after the one before.
    nonisolated(unsafe) var outlet: Outlet

    init(
        id: StageID,
        name: String,
        behavior: StageBehavior,
        dispatcher: any Dispatcher,
        scope: ScopeStorage
    ) {
        self.id = id
        self.name = name
        kind = behavior.kind
        self.behavior = Lock(behavior)
        self.scope = scope
        machine = Lock(StageMachine(kind: behavior.kind))
        outlet = Outlet(dispatcher: dispatcher)
    }

    /// Does what the machine decided; call it outside of every lock.
    func apply(_ effects: consuming StageMachine.Effects) {
        settle(effects).send()
    }

    /// Does what the machine decided, except to speak to the producers.
    ///
    /// - Returns: What is to be said to them.
    private func settle(_ effects: consuming StageMachine.Effects) -> [Signal] {
        effects.waiter?.resume()
        if effects.interrupt { interrupt() }
        if let delivery = effects.delivery { deliver(delivery, &effects.signals) }
        return effects.signals
    }

    /// Delivers as the holder of the right until nothing is deliverable.
    private func deliver(_ first: consuming Delivery, _ signals: inout [Signal]) {
        var next: Delivery? = first
        while var delivery = next {
            outlet.take(delivery.notices)
            if let fault = outlet.dispatch(&delivery.events) {
                scope.failed(StageError(.dispatcherFault, "Stage '\(name)': \(fault)"))
                return
            }
            if delivery.isFinal { outlet.finish() }
            let effects = machine.withLock { [capacity = outlet.capacity] machine in
                machine.delivered(leaving: delivery.events, capacity: capacity, wasFinal: delivery.isFinal)
            }
            effects.waiter?.resume()
            signals += effects.signals
            next = effects.delivery
        }
    }

    private func interrupt() {
        guard let cancel = interruption.withLock({ $0.acquire() }) else { return }
        cancel()
        interruption.withLock { $0.release() }
    }
}

extension StageStorage: Upstream {
    func receive(_ signal: Signal) -> [Signal] {
        switch signal.content {
        case .ask(let count): settle(machine.withLock { $0.note(.asked(count, signal.subscription)) })
        case .cancel: settle(machine.withLock { $0.note(.cancelled(signal.subscription)) })
        }
    }

    func subscribe(_ subscription: SubscriptionID, _ downstream: any Downstream) {
        apply(machine.withLock { $0.note(.subscribed(subscription, downstream)) })
    }
}

extension StageStorage: Downstream {
    func deliver(_ events: EventQueue, for subscription: SubscriptionID) {
        apply(machine.withLock { $0.received(events, for: subscription) })
    }

    func finished(_ subscription: SubscriptionID) {
        apply(machine.withLock { $0.producerFinished(subscription) })
    }
}
