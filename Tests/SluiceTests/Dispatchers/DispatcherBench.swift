import Testing

@testable import Sluice

/// A dispatcher, its queue, and what it delivered: for worked examples.
struct DispatcherBench<D: Dispatcher> where D.Event == Int {
    struct Message: Equatable {
        var to: Int
        var events: [Int]
    }

    var dispatcher: D
    var queue = Events<Int>()
    var discarded: [(events: [Int], reason: DiscardReason)] = []
    var disconnected: [Int] = []

    init(_ dispatcher: D) {
        self.dispatcher = dispatcher
    }

    mutating func subscribe(_ number: Int, _ options: D.Options) throws {
        try dispatcher.subscribed(SubscriptionID(number: number), options: options)
        _ = dispatch([])
    }

    mutating func ask(_ count: Int, by number: Int) -> [Message] {
        dispatcher.asked(count, by: SubscriptionID(number: number))
        return dispatch([])
    }

    mutating func cancel(_ number: Int) -> [Message] {
        dispatcher.cancelled(SubscriptionID(number: number))
        return dispatch([])
    }

    /// - Returns: What this call delivered, by subscription.
    mutating func dispatch(_ events: [Int]) -> [Message] {
        var messages: [Message] = []
        if !events.isEmpty { queue.append(Events(events)) }
        dispatcher.dispatch(&queue) { placement in
            switch consume placement {
            case .deliver(let events, let id): messages.append(Message(to: id.number, events: events.array))
            case .discard(let events, let reason): discarded.append((events.array, reason))
            case .disconnect(let id): disconnected.append(id.number)
            }
        }
        return messages.sorted { $0.to < $1.to }
    }
}
