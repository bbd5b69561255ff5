/// The dispatcher of a stage and the consumers that it serves; it belongs to the stage's delivery right.
struct Outlet: ~Copyable {
    /// Told of events that the dispatcher gave to nobody.
    typealias DiscardHook = @Sendable (EventQueue, DiscardReason) -> Void

    /// What the holder of the right has in hand.
    var delivery = Outbound.Delivery()

    private var dispatcher: any DispatcherCore
    /// The default dispatcher keeps nothing, and is not asked for every batch.
    private let mayKeep: Bool
    let discardHook: DiscardHook?
    private var links = Links()
    /// The dispatcher broke a law: nothing is given to it any more.
    private var isBroken = false

    private var discarded = 0

    init(dispatcher: any DispatcherCore, discardHook: DiscardHook?) {
        self.dispatcher = dispatcher
        mayKeep = !(dispatcher is DemandCore)
        self.discardHook = discardHook
    }

    /// What was found when the last work was done.
    private(set) var report = Outbound.Report()

    /// Both totals of each subscription, for checks of the whole graph.
    var ledgers: [(subscription: SubscriptionID, ledger: DemandLedger)] { links.ledgers }

    /// Does what is in hand; events that cannot be placed are left there.
    ///
    /// - Returns: What is wrong with the dispatcher, if it broke a law just now.
    mutating func deliver() -> String? {
        takeNotices()
        let fault = isBroken ? nil : dispatch()
        if fault != nil { isBroken = true }
        if isBroken, !delivery.events.isEmpty { discard(delivery.events.take()) }
        report.kept = isBroken ? 0 : kept
        if delivery.isEnding, report.kept == 0 {
            finish()
            report.isFinished = true
        }
        report.capacity = isBroken ? 0 : dispatcher.capacity
        report.discarded = discarded
        report.subscriptions = links.count
        return fault
    }

    private var kept: Int { mayKeep ? dispatcher.held : 0 }

    private mutating func takeNotices() {
        guard !delivery.notices.isEmpty else { return }
        while let notice = delivery.notices.popFirst() {
            switch notice {
            case .subscribed(let id, let downstream, let request):
                subscribe(id, downstream, request)
            case .asked(let count, let id):
                if links.ask(count, by: id) { dispatcher.asked(count, by: id) }
            case .cancelled(let id, let reason):
                guard let downstream = links.remove(id) else { continue }
                dispatcher.cancelled(id)
                downstream.ended(id, .cancelled(because: reason))
            case .resubscribed(let id, let request):
                resubscribe(id, request)
            case .closed:
                dispatcher.closed()
            }
        }
    }

    private mutating func subscribe(
        _ id: SubscriptionID,
        _ downstream: any Downstream,
        _ request: SubscriptionRequest
    ) {
        do {
            if isBroken { throw StageError(.dispatcherFault, "The producer's dispatcher broke a law before") }
            try dispatcher.subscribed(id, options: request.options)
            links.add(id, downstream)
            request.answer(.success(()))
        } catch {
            request.answer(.failure(error))
        }
    }

    private mutating func resubscribe(_ id: SubscriptionID, _ request: SubscriptionRequest) {
        do {
            guard let owed = links.outstanding(of: id) else {
                throw StageError(.refused, "Subscription \(id) has ended, and wants nothing else")
            }
            try dispatcher.resubscribed(id, options: request.options, owed: owed)
            request.answer(.success(()))
        } catch {
            request.answer(.failure(error))
        }
    }

    private mutating func discard(_ events: consuming EventQueue) {
        discarded += events.count
        discardHook?(events, .graphEnded)
    }

    /// Tells the hook of everything that was not delivered: the graph has ended.
    ///
    /// - Returns: How many events the stage has given to nobody.
    mutating func discardAll(_ buffered: consuming EventQueue) -> Int {
        if !buffered.isEmpty { discard(buffered) }
        guard !isBroken, kept > 0 else { return discarded }
        for (id, _) in links.removeAll() { dispatcher.cancelled(id) }
        dispatcher.closed()
        _ = dispatch()
        return discarded
    }

    private mutating func dispatch() -> String? {
        guard !delivery.events.isEmpty || kept > 0 else { return nil }
        var fault: String?
        let hook = discardHook
        dispatcher.dispatch(&delivery.events) { links.take($0, hook, &discarded, &fault) }
        if fault == nil, !delivery.events.isEmpty, dispatcher.capacity > 0 {
            // Nobody would ever ask again for what is kept here.
            return "the dispatcher left \(delivery.events.count) events, and has a capacity of \(dispatcher.capacity)"
        }
        return fault
    }

    /// Tells every consumer that nothing will follow.
    private mutating func finish() {
        for (id, downstream) in links.removeAll() {
            dispatcher.cancelled(id)
            downstream.ended(id, delivery.end)
        }
    }
}

/// The consumers of a stage, each with this side's ledger.
private struct Links {
    private struct Link {
        let id: SubscriptionID
        let downstream: any Downstream
        var ledger = DemandLedger()
    }

    /// Sorted by id.
    private var links: [Link] = []

    var count: Int { links.count }

    var ledgers: [(subscription: SubscriptionID, ledger: DemandLedger)] {
        links.map { ($0.id, $0.ledger) }
    }

    mutating func add(_ id: SubscriptionID, _ downstream: any Downstream) {
        links.insert(Link(id: id, downstream: downstream), at: position(of: id))
    }

    mutating func remove(_ id: SubscriptionID) -> (any Downstream)? {
        index(of: id).map { links.remove(at: $0).downstream }
    }

    func outstanding(of id: SubscriptionID) -> Int? {
        index(of: id).map { links[$0].ledger.outstanding }
    }

    mutating func removeAll() -> [(SubscriptionID, any Downstream)] {
        defer { links = [] }
        return links.map { ($0.id, $0.downstream) }
    }

    /// - Returns: False if the subscription has ended.
    mutating func ask(_ count: Int, by id: SubscriptionID) -> Bool {
        guard let index = index(of: id) else { return false }
        links[index].ledger.ask(count)
        return true
    }

    /// Does what the dispatcher says.
    ///
    /// - Parameters:
    ///   - placement: Nothing happens after a fault.
    ///   - discardHook: Told of events that nobody gets.
    ///   - discarded: Their count is added.
    ///   - fault: What is wrong with the dispatcher.
    mutating func take(
        _ placement: consuming UntypedPlacement,
        _ discardHook: Outlet.DiscardHook?,
        _ discarded: inout Int,
        _ fault: inout String?
    ) {
        guard fault == nil else { return }
        switch consume placement {
        case .deliver(let batch, let id):
            fault = deliver(batch, to: id)
        case .discard(let batch, let reason):
            discarded += batch.count
            discardHook?(batch, reason)
        case .disconnect(let id):
            remove(id)?.ended(id, .cancelled(because: nil))
        }
    }

    /// - Returns: What is wrong with the delivery; nil if it was made.
    private mutating func deliver(_ batch: consuming EventQueue, to id: SubscriptionID) -> String? {
        guard let index = index(of: id) else {
            return "the dispatcher chose subscription \(id), which does not exist"
        }
        guard !batch.isEmpty, links[index].ledger.deliver(batch.count) else {
            return "the dispatcher gave subscription \(id) \(batch.count) events; "
                + "it had asked for \(links[index].ledger.outstanding)"
        }
        links[index].downstream.deliver(batch, for: id)
        return nil
    }

    private func index(of id: SubscriptionID) -> Int? {
        let position = position(of: id)
        return position < links.count && links[position].id == id ? position : nil
    }

    /// Where the id is, or would be.
    private func position(of id: SubscriptionID) -> Int {
        var low = 0
        var high = links.count
        while low < high {
            let middle = (low + high) / 2
            if links[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
