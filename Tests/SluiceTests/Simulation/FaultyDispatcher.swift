import Synchronization

@testable import Sluice

/// A dispatcher that does one thing wrong, once.
struct FaultyDispatcher: Dispatcher {
    enum Fault: CaseIterable, Sendable {
        case drops
        case reorders
        case doubles
        case overDelivers
        /// Places nothing although it has capacity.
        case withholds
        /// Claims to have no capacity for ever.
        case hides
    }

    /// Whether the fault has had an occasion.
    final class Occasion: Sendable {
        private let state = Mutex(false)
        var hasCome: Bool { state.withLock { $0 } }
        func come() { state.withLock { $0 = true } }
    }

    let fault: Fault
    let occasion: Occasion
    private var inner = DemandDispatcher<SimulatedEvent>()
    private var isHiding = false

    init(_ fault: Fault, _ occasion: Occasion) {
        self.fault = fault
        self.occasion = occasion
    }

    var capacity: Int { isHiding ? 0 : inner.capacity }

    mutating func subscribed(_ subscription: SubscriptionID, options: Void) {
        inner.subscribed(subscription, options: options)
    }
    mutating func asked(_ count: Int, by subscription: SubscriptionID) { inner.asked(count, by: subscription) }
    mutating func cancelled(_ subscription: SubscriptionID) { inner.cancelled(subscription) }

    mutating func dispatch(
        _ events: inout Events<SimulatedEvent>,
        _ place: (consuming Placement<SimulatedEvent>) -> Void
    ) {
        if isHiding || fault == .withholds && occasion.hasCome { return }
        guard !occasion.hasCome, capacity > 0, !events.isEmpty else { return inner.dispatch(&events, place) }
        var messages: [(id: SubscriptionID, batch: [SimulatedEvent])] = []
        switch fault {
        case .drops:
            occasion.come()
            _ = events.removeFirst(1)
        case .withholds:
            occasion.come()
            return
        case .hides:
            occasion.come()
            isHiding = true
            return
        case .reorders, .doubles, .overDelivers:
            break
        }
        inner.dispatch(&events) { placement in
            if case .deliver(let batch, let id) = placement { messages.append((id, batch.array)) }
        }
        guard !messages.isEmpty else { return }
        if fault == .reorders, messages[0].batch.count > 1 {
            occasion.come()
            messages[0].batch.swapAt(0, 1)
        }
        if fault == .doubles {
            occasion.come()
            messages.append((messages[0].id, Array(messages[0].batch.suffix(1))))
        }
        if fault == .overDelivers, !events.isEmpty {
            occasion.come()
            messages[0].batch += events.removeAll().array
        }
        for message in messages { place(.deliver(Events(message.batch), to: message.id)) }
    }
}
