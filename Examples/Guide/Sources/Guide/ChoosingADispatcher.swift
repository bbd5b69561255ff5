import Sluice

func printByFour() async throws {
    try await withStages { stages in
        let numbers = stages.start { Counter() }
        for number in 1...4 {
            let printed = stages.start("printer \(number)") { Printer() }
            try await printed.subscribe(to: numbers, maxDemand: 10)
        }
    }
}

func printAndWatch() async throws {
    try await withStages { stages in
        let numbers = stages.start(dispatcher: BroadcastDispatcher()) { Counter() }
        let printed = stages.start { Printer() }
        let watched = stages.start("watcher") { Printer() }
        try await printed.subscribe(to: numbers, as: .init())
        try await watched.subscribe(to: numbers, as: .init(pace: .dropping(lag: 100)) { $0.isMultiple(of: 10) })
    }
}

struct Order: Sendable {
    var customer: String
    var amount: Int
}

struct Ledger: Consumer {
    var totals: [String: Int] = [:]

    mutating func handleEvents(_ events: [Order]) async throws {
        for order in events { totals[order.customer, default: 0] += order.amount }
    }
}

func keepLedgers(of orders: PushSource<Order>, partitions: Int) async throws {
    try await withStages { stages in
        let dispatcher = PartitionDispatcher<Order, Int>(count: partitions) { $0.customer }
        let source = stages.start(from: orders)
        let routed = stages.start(dispatcher: dispatcher) { Map<Order, Order> { $0 } }
        try await routed.stage.subscribe(to: source)
        for partition in 0..<partitions {
            try await stages.start("ledger \(partition)") { Ledger() }.subscribe(to: routed, as: partition)
        }
    }
}

struct OldestFirst<Event: Sendable>: Dispatcher {
    private var wants: [(id: SubscriptionID, count: Int)] = []

    var capacity: Int { wants.reduce(0) { $0 + $1.count } }

    mutating func subscribed(_ subscription: SubscriptionID, options: Void) {
        wants.append((subscription, 0))
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        for index in wants.indices where wants[index].id == subscription { wants[index].count += count }
    }

    mutating func cancelled(_ subscription: SubscriptionID) {
        wants.removeAll { $0.id == subscription }
    }

    mutating func dispatch(_ events: inout Events<Event>, _ place: (consuming Placement<Event>) -> Void) {
        for index in wants.indices where !events.isEmpty && wants[index].count > 0 {
            let batch = events.removeFirst(wants[index].count)
            wants[index].count -= batch.count
            place(.deliver(batch, to: wants[index].id))
        }
    }
}
