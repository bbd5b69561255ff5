import Synchronization

@testable import Sluice

/// A producer that only records what it is told.
final class RecordingUpstream: Upstream {
    let id: StageID
    let name = "upstream"
    private let signals = Mutex<[String]>([])

    init(number: Int = 0) {
        id = StageID(scope: ObjectIdentifier(RecordingUpstream.self), number: number)
    }

    var received: [String] { signals.withLock { $0 } }

    func receive(_ signal: Signal) -> [Signal] {
        signals.withLock { $0.append("\(signal.content)") }
        return []
    }
}

/// A consumer that only records what it is told.
final class RecordingDownstream: Downstream {
    let id = StageID(scope: ObjectIdentifier(RecordingDownstream.self), number: 0)
    func deliver(_ events: EventQueue, for subscription: SubscriptionID) {}
    func finished(_ subscription: SubscriptionID) {}
}

typealias TestMachine = StageMachine

extension SubscriptionID {
    static let first = SubscriptionID(number: 0)
    static let second = SubscriptionID(number: 1)
}

extension TestMachine.Work {
    /// What the work is, to be compared.
    var summary: String {
        switch self {
        case .perform: "perform"
        case .deliver: "deliver"
        case .subscribed(let id): "subscribed \(id)"
        case .handle(let events, let id): "handle \(events) \(id)"
        case .demand(let count): "demand \(count)"
        case .stop: "stop"
        }
    }
}

extension TestMachine {
    mutating func nextSummary() -> String? { nextWork()?.summary }

    /// Plays the delivery right with a dispatcher that has this capacity, and places as much as it can.
    mutating func playDelivery(_ first: Outbound.Delivery?, capacity: Int) -> Effects {
        var (delivery, capacity, all) = (first, capacity, Effects())
        while var current = delivery {
            capacity -= current.events.removeFirst(capacity).count
            let effects = delivered(leaving: current.events, capacity: capacity, wasFinal: current.isFinal)
            all.signals += effects.signals
            delivery = effects.delivery
        }
        return all
    }
}
