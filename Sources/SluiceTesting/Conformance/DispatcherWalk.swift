import Sluice

/// One random walk through a dispatcher's life, with a model of what it may do.
struct DispatcherWalk<D: Dispatcher> {
    private struct Subscriber {
        let id: SubscriptionID
        var demand = 0
        /// The number of the last event that it got.
        var last = -1
    }

    private var dispatcher: D
    private let seed: UInt64
    private let number: (D.Event) -> Int
    var generator: SeededGenerator

    private var queue = Events<D.Event>()
    private var subscribers: [Subscriber] = []
    private var subscriptions = 0
    /// Events that have left the queue, and what became of them.
    private var fates: [Int: Fate] = [:]
    private var leftQueue = 0

    private enum Fate {
        case delivered
        case discarded
    }

    init(dispatcher: D, seed: UInt64, number: @escaping (D.Event) -> Int) {
        self.dispatcher = dispatcher
        self.seed = seed
        self.number = number
        generator = SeededGenerator(seed: seed)
    }

    mutating func subscribe(_ options: D.Options) throws(DispatcherViolation) {
        let id = SubscriptionID(number: subscriptions)
        subscriptions += 1
        let (capacity, held) = (dispatcher.capacity, dispatcher.held)
        do {
            try dispatcher.subscribed(id, options: options)
            subscribers.append(Subscriber(id: id))
        } catch {
            try require(1, dispatcher.capacity == capacity && dispatcher.held == held, "\(id) was refused: \(error)")
        }
        try dispatch()
    }

    mutating func leave() throws(DispatcherViolation) {
        guard let index = subscribers.indices.randomElement(using: &generator) else { return }
        dispatcher.cancelled(subscribers.remove(at: index).id)
        try dispatch()
    }

    mutating func ask() throws(DispatcherViolation) {
        guard let index = subscribers.indices.randomElement(using: &generator) else { return }
        let count = Int.random(in: 1...6, using: &generator)
        subscribers[index].demand += count
        dispatcher.asked(count, by: subscribers[index].id)
        try dispatch()
    }

    mutating func emit(_ events: [D.Event]) throws(DispatcherViolation) {
        queue.append(Events(events))
        try dispatch()
    }

    /// Nobody subscribes any more, and everything is asked for: so everything must leave.
    mutating func end() throws(DispatcherViolation) {
        dispatcher.closed()
        try dispatch()
        for index in subscribers.indices {
            subscribers[index].demand += 1_000_000
            dispatcher.asked(1_000_000, by: subscribers[index].id)
        }
        try dispatch()
        try require(9, dispatcher.held == 0, "\(dispatcher.held) events are held although all is asked for")
        // Without a consumer the queue stays, and the engine drops it with the stage.
        let isComplete = queue.isEmpty || subscribers.isEmpty
        try require(9, isComplete, "\(queue.count) events are left although all is asked for")
    }

    private mutating func dispatch() throws(DispatcherViolation) {
        let before = queue.array.map(number)
        var placements: [Placement<D.Event>] = []
        dispatcher.dispatch(&queue) { placements.append($0) }
        for placement in placements { try take(placement) }
        let after = queue.array.map(number)
        try require(8, before.suffix(after.count) == after[...], "the queue was \(before), and \(after) is left")
        leftQueue += before.count - after.count
        let capacity = dispatcher.capacity
        try require(2, capacity >= 0, "the capacity is \(capacity)")
        let isHungry = subscribers.contains { $0.demand > 0 }
        try require(2, isHungry || capacity == 0, "the capacity is \(capacity), and nobody has demand")
        try require(8, after.isEmpty || capacity == 0, "\(after.count) events are left, with a capacity of \(capacity)")
        let unaccounted = leftQueue - fates.count
        // Who counts copies may hold more than there are events.
        try require(
            6,
            unaccounted <= dispatcher.held,
            "\(unaccounted) events have no fate; held are \(dispatcher.held)"
        )
    }

    private mutating func take(_ placement: Placement<D.Event>) throws(DispatcherViolation) {
        switch placement {
        case .deliver(let events, let id):
            try deliver(events.array.map(number), to: id)
        case .discard(let events, let reason):
            for event in events.array.map(number) {
                switch reason {
                case .lagging, .abandoned:
                    fates[event] = fates[event] ?? .discarded
                    continue
                default:
                    break
                }
                try require(7, fates[event] == nil, "event \(event) was discarded after it had another fate")
                fates[event] = .discarded
            }
        case .disconnect(let id):
            subscribers.removeAll { $0.id == id }
        }
    }

    private mutating func deliver(_ events: [Int], to id: SubscriptionID) throws(DispatcherViolation) {
        guard let index = subscribers.firstIndex(where: { $0.id == id }) else {
            throw violation(3, "\(id) got \(events), and does not exist")
        }
        try require(4, !events.isEmpty, "\(id) got an empty message")
        let demand = subscribers[index].demand
        try require(4, events.count <= demand, "\(id) got \(events.count) events, and had asked for \(demand)")
        subscribers[index].demand -= events.count
        for event in events {
            let last = subscribers[index].last
            try require(5, event > last, "\(id) got \(event) after \(last)")
            subscribers[index].last = event
            fates[event] = .delivered
        }
    }

    private func require(
        _ rule: Int,
        _ condition: Bool,
        _ message: @autoclosure () -> String
    ) throws(DispatcherViolation) {
        if !condition { throw violation(rule, message()) }
    }

    private func violation(_ rule: Int, _ message: String) -> DispatcherViolation {
        DispatcherViolation(rule: rule, seed: seed, message: message)
    }
}
