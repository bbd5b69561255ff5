/// A stage as its scope sees it, whatever its events are.
protocol StageNode: AnyObject, Sendable {
    var id: StageID { get }
    var name: String { get }
    var executor: (any TaskExecutor)? { get }

    func run() async
    func go()
    func scopeClosed()
    func drain()
    func cancel()
    func restart()
    func end(because error: any Error)
    /// Tells the hooks of every event that the stage still has, when everything has ended.
    func discardRemains(because failure: (any Error)?)
    /// Lets go of the neighbours, when everything has ended.
    func dismantle()
    var hasEnded: Bool { get }
    /// What the stage has when a drain is too late.
    var remainder: DrainReport.Remainder { get }
    var snapshot: StageSnapshot { get }
    /// What the stage and its subscriptions to producers look like now.
    var figures: (GraphSnapshot.Stage, [(subscription: SubscriptionID, producer: StageID, ledger: DemandLedger)]) {
        get
    }
}

extension StageStorage: StageNode {
    func go() {
        apply { $0.go() }
    }

    func scopeClosed() {
        apply { $0.scopeClosed() }
    }

    func drain() {
        apply { $0.drain() }
    }

    func cancel() {
        apply { $0.cancel() }
    }

    func dismantle() {
        _ = machine.withLock { $0.dismantle() }
    }

    var figures: (GraphSnapshot.Stage, [(subscription: SubscriptionID, producer: StageID, ledger: DemandLedger)]) {
        let time = scope.measuredTime
        var (figures, incoming) = machine.withLock { ($0.figures(at: time), $0.incoming) }
        figures.name = name
        if let crew { figures.add(crew.counts) }
        return (figures, incoming)
    }

    func pause() {
        let time = scope.measuredTime
        machine.withLock { $0.pause(at: time) }
    }

    func resume() {
        let time = scope.measuredTime
        apply { $0.resume(at: time) }
    }

    func wake() {
        apply { $0.stirred() }
    }

    var demand: Int {
        machine.withLock { $0.demand }
    }

    var remainder: DrainReport.Remainder {
        let figures = figures.0
        return DrainReport.Remainder(
            stage: name,
            activity: figures.activity,
            waiting: figures.waiting,
            undelivered: figures.buffered + figures.keptByDispatcher
        )
    }

    var hasEnded: Bool {
        machine.withLock { $0.isEnded }
    }

    /// Meaningful only while nothing of the graph runs: the outlet is read without its right.
    var snapshot: StageSnapshot {
        StageSnapshot(
            name: name,
            kind: kind,
            books: machine.withLock { $0.books },
            outgoing: outlet.pointee.ledgers.map {
                EdgeBooks(subscription: $0.subscription, asked: $0.ledger.asked, delivered: $0.ledger.delivered)
            }
        )
    }
}
