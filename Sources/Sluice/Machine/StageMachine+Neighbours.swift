/// What neighbours tell a stage, and what they get.
extension StageMachine {
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
    mutating func takeOverflow() -> (overflow: EventQueue, unheard: EventQueue, isFailure: Bool) {
        outbound.takeOverflow()
    }

    /// The graph has ended: so many of the stage's events were given to nobody by its dispatcher.
    mutating func discarded(_ count: Int) {
        outbound.discarded(count)
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
}
