// MARK: What is told of it

extension StageMachine {
    var activity: StageActivity {
        if isEnded { return .ended }
        if isInHandler { return .busy }
        if outbound.isPaused { return .paused }
        let couldWork = kind == .producer || !inbound.isEmpty || !deferredAsks.isEmpty || alarm.isHolding
        if kind.emits, outbound.need == 0, couldWork { return .waitingForDemand }
        if alarm.isHolding { return .busy }
        return .waitingForEvents
    }

    /// The stage's numbers; its name and its place are for others to add.
    func figures(at time: Duration? = nil) -> GraphSnapshot.Stage {
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
            times: times(at: time),
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
