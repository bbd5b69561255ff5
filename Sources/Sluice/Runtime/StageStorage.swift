/// One stage at run time: its machine under a lock, and the effects of the machine's decisions.
///
/// No lock is held while another is taken, a continuation is resumed, or user code runs.
final class StageStorage<S: Stage>: Sendable {
    typealias Machine = StageMachine<S.Input, S.Output, PerformRequest<S>>
    typealias Delivery = Outbound<S.Output>.Delivery

    let id: StageID
    let name: String
    let behavior: StageBehavior<S>
    let make: @Sendable (StageContext) async throws -> S
    let scope: ScopeStorage
    let machine: Lock<Machine>
    let interruption = Lock(Interruption())

    /// Belongs to the delivery right, which the machine gives to one holder at a time under its lock: so accesses
    /// never overlap, and each one happens after the one before.
    nonisolated(unsafe) var outlet: Outlet<S.Output>

    init(
        id: StageID,
        name: String,
        behavior: StageBehavior<S>,
        dispatcher: any Dispatcher<S.Output>,
        scope: ScopeStorage,
        make: @escaping @Sendable (StageContext) async throws -> S
    ) {
        self.id = id
        self.name = name
        self.behavior = behavior
        self.make = make
        self.scope = scope
        machine = Lock(Machine(kind: behavior.kind))
        outlet = Outlet(dispatcher: dispatcher)
    }

    /// Does what the machine decided; call it outside of every lock.
    func apply(_ effects: consuming Machine.Effects) {
        effects.waiter?.resume()
        if effects.interrupt { interrupt() }
        for leave in effects.leaves { leave.send() }
        for ask in effects.asks { ask.send() }
        if let delivery = effects.delivery { deliver(delivery) }
    }

    /// Delivers as the holder of the right until nothing is deliverable.
    func deliver(_ first: consuming Delivery) {
        var next: Delivery? = first
        while var delivery = next {
            outlet.take(delivery.notices)
            if let fault = outlet.dispatch(&delivery.events) {
                scope.failed(StageError(.dispatcherFault, "Stage '\(name)': \(fault)"))
                return
            }
            if delivery.isFinal { outlet.finish() }
            var effects = machine.withLock { [capacity = outlet.capacity] machine in
                machine.delivered(leaving: delivery.events, capacity: capacity, wasFinal: delivery.isFinal)
            }
            next = effects.delivery
            effects.delivery = nil
            apply(effects)
        }
    }

    private func interrupt() {
        guard let cancel = interruption.withLock({ $0.acquire() }) else { return }
        cancel()
        interruption.withLock { $0.release() }
    }
}

extension StageStorage: Upstream {
    func ask(_ count: Int, by subscription: SubscriptionID) {
        apply(machine.withLock { $0.note(.asked(count, subscription)) })
    }

    func cancel(_ subscription: SubscriptionID) {
        apply(machine.withLock { $0.note(.cancelled(subscription)) })
    }

    func subscribe(_ subscription: SubscriptionID, _ downstream: any Downstream<S.Output>) {
        apply(machine.withLock { $0.note(.subscribed(subscription, downstream)) })
    }
}

extension StageStorage: Downstream {
    func deliver(_ events: [S.Input], for subscription: SubscriptionID) {
        apply(machine.withLock { $0.received(events, for: subscription) })
    }

    func finished(_ subscription: SubscriptionID) {
        apply(machine.withLock { $0.producerFinished(subscription) })
    }
}
