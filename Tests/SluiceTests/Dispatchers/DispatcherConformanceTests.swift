import Sluice
import SluiceTesting
import Testing

/// Every dispatcher keeps the laws; and the check finds one that breaks any of them.
@Suite struct DispatcherConformanceTests {
    @Test func demand() throws {
        try check({ DemandDispatcher<Int>() }) { _ in }
    }

    @Test func roundRobin() throws {
        try check({ RoundRobinDispatcher<Int>() }) { _ in }
    }

    @Test func broadcast() throws {
        try check({ BroadcastDispatcher<Int>() }) { _ in .init() }
    }

    @Test func broadcastWithSelectors() throws {
        try check({ BroadcastDispatcher<Int>() }) { generator in
            let divisor = Int.random(in: 1...3, using: &generator)
            return .init { $0 % divisor == 0 }
        }
    }

    @Test func broadcastWithPacesOfTheirOwn() throws {
        try check({ BroadcastDispatcher<Int>() }) { generator in
            let lag = Int.random(in: 0...6, using: &generator)
            let paces: [BroadcastDispatcher<Int>.Options.Pace] = [
                .shared, .dropping(lag: lag), .disconnecting(lag: lag),
            ]
            return .init(pace: paces.randomElement(using: &generator) ?? .shared)
        }
    }

    @Test(arguments: [true, false]) func closedPartitions(waits: Bool) throws {
        try check({
            PartitionDispatcher<Int, Int>(keys: 0..<3, queueLimit: 4, overflow: waits ? .wait : .discard) { event in
                event % 7 == 0 ? .discard : .to(event % 4)
            }
        }) { Int.random(in: 0..<4, using: &$0) }
    }

    @Test func openPartitions() throws {
        try check({ PartitionDispatcher<Int, String>(queueLimit: 5) { .to("\($0 % 3)") } }) { generator in
            "\(Int.random(in: 0..<4, using: &generator))"
        }
    }

    @Test func hashedPartitions() throws {
        try check({ PartitionDispatcher<Int, Int>(count: 4, queueLimit: 3) { $0 / 2 } }) { generator in
            Int.random(in: 0..<4, using: &generator)
        }
    }

    @Test(arguments: Wrong.allCases) func aBrokenLawIsFound(wrong: Wrong) {
        let violation = #expect(throws: DispatcherViolation.self) {
            try check({ WrongDispatcher(wrong) }) { _ in }
        }
        #expect(violation?.rule == wrong.rule)
    }

    private func check<D: Dispatcher>(
        _ make: () -> D,
        options: (inout SeededGenerator) -> D.Options
    ) throws where D.Event == Int {
        try checkDispatcher(make: make, options: options, event: { $0 }, number: { $0 })
    }
}

/// What a dispatcher can do wrong.
enum Wrong: CaseIterable, Sendable {
    case countsARefused
    case hasCapacityWithoutDemand
    case servesTheEnded
    case givesTooMuch
    case reorders
    case loses
    case leaves

    var rule: Int {
        switch self {
        case .countsARefused: 1
        case .hasCapacityWithoutDemand: 2
        case .servesTheEnded: 3
        case .givesTooMuch: 4
        case .reorders: 5
        case .loses: 6
        case .leaves: 8
        }
    }
}

/// A dispatcher that does one thing wrong.
private struct WrongDispatcher: Dispatcher {
    let wrong: Wrong
    private var inner = DemandDispatcher<Int>()
    private var subscriptions = 0
    private var refused = 0

    init(_ wrong: Wrong) {
        self.wrong = wrong
    }

    var capacity: Int {
        switch wrong {
        case .hasCapacityWithoutDemand: max(1, inner.capacity)
        case .countsARefused: inner.capacity + refused
        // It hides what is left of the ended one's demand.
        case .servesTheEnded: 0
        default: inner.capacity
        }
    }

    mutating func subscribed(_ subscription: SubscriptionID, options: Void) throws {
        subscriptions += 1
        if wrong == .countsARefused, subscriptions == 3 {
            refused += 1
            throw StageError(.refused, "Two are enough")
        }
        inner.subscribed(subscription, options: ())
    }

    mutating func asked(_ count: Int, by subscription: SubscriptionID) {
        inner.asked(count, by: subscription)
    }

    mutating func cancelled(_ subscription: SubscriptionID) {
        if wrong != .servesTheEnded { inner.cancelled(subscription) }
    }

    mutating func dispatch(_ events: inout Events<Int>, _ place: (consuming Placement<Int>) -> Void) {
        if wrong == .leaves { return }
        var messages: [(to: SubscriptionID, events: [Int])] = []
        inner.dispatch(&events) { placement in
            if case .deliver(let events, let id) = placement { messages.append((id, events.array)) }
        }
        guard let last = messages.indices.last else { return }
        switch wrong {
        case .givesTooMuch: messages[last].events += events.removeAll().array
        case .reorders: messages[last].events.reverse()
        case .loses: messages[last].events.removeLast()
        default: break
        }
        for message in messages where !message.events.isEmpty {
            place(.deliver(Events(message.events), to: message.to))
        }
    }
}
