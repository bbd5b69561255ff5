/// The dispatcher of a stage and the consumers that it serves; it belongs to the stage's delivery right.
struct Outlet: ~Copyable {
    /// What the holder of the right has in hand.
    var delivery = Outbound.Delivery()

    private var dispatcher: any Dispatcher
    private var links = Links()

    init(dispatcher: any Dispatcher) {
        self.dispatcher = dispatcher
    }

    /// How many events could be placed now.
    private(set) var capacity = 0

    /// Both totals of each subscription, for checks of the whole graph.
    var ledgers: [(subscription: SubscriptionID, ledger: DemandLedger)] { links.ledgers }

    /// Does what is in hand; events that cannot be placed are left there.
    ///
    /// - Returns: What is wrong with the dispatcher, if it broke the ledger's law.
    mutating func deliver() -> String? {
        takeNotices()
        if let fault = dispatch() { return fault }
        if delivery.isFinal { finish() }
        return nil
    }

    private mutating func takeNotices() {
        guard !delivery.notices.isEmpty else { return }
        while let notice = delivery.notices.popFirst() {
            switch notice {
            case .subscribed(let id, let downstream):
                links.add(id, downstream)
                dispatcher.subscribed(id)
            case .asked(let count, let id):
                if links.ask(count, by: id) { dispatcher.asked(count, by: id) }
            case .cancelled(let id):
                guard let downstream = links.remove(id) else { continue }
                dispatcher.cancelled(id)
                downstream.finished(id)
            }
        }
        capacity = dispatcher.capacity
    }

    private mutating func dispatch() -> String? {
        guard !delivery.events.isEmpty else { return nil }
        var fault: String?
        dispatcher.dispatch(&delivery.events) { id, batch in
            if fault == nil { fault = links.deliver(batch, to: id) }
        }
        capacity = dispatcher.capacity
        if fault == nil, !delivery.events.isEmpty, capacity > 0 {
            // Nobody would ever ask again for what is kept here.
            return "the dispatcher kept \(delivery.events.count) events, and has a capacity of \(capacity)"
        }
        return fault
    }

    /// Tells every consumer that nothing will follow.
    private mutating func finish() {
        for (id, downstream) in links.removeAll() {
            dispatcher.cancelled(id)
            downstream.finished(id)
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

    var ledgers: [(subscription: SubscriptionID, ledger: DemandLedger)] {
        links.map { ($0.id, $0.ledger) }
    }

    mutating func add(_ id: SubscriptionID, _ downstream: any Downstream) {
        links.insert(Link(id: id, downstream: downstream), at: position(of: id))
    }

    mutating func remove(_ id: SubscriptionID) -> (any Downstream)? {
        index(of: id).map { links.remove(at: $0).downstream }
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

    /// - Returns: What is wrong with the delivery; nil if it was made.
    mutating func deliver(_ batch: consuming EventQueue, to id: SubscriptionID) -> String? {
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
