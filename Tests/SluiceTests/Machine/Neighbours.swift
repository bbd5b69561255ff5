import Synchronization
import Testing

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

    func receive(_ content: Signal.Content, for _: SubscriptionID, _: inout ShortQueue<Signal>) {
        signals.withLock { $0.append("\(content)") }
    }
}

/// A consumer that only records what it is told.
final class RecordingDownstream: Downstream {
    let id = StageID(scope: ObjectIdentifier(RecordingDownstream.self), number: 0)
    func deliver(_ events: consuming EventQueue, for subscription: SubscriptionID) {}
    func ended(_ subscription: SubscriptionID, _ end: SubscriptionEnd) {}
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
        case .deadline(let count): "deadline \(count)"
        case .end: "end"
        case .stop: "stop"
        }
    }
}

extension TestMachine {
    mutating func nextSummary() -> String? {
        guard let work = nextWork() else { return nil }
        return work.summary
    }

    /// Takes the delivery right's work, which the last transition gave.
    mutating func takeDelivery() -> Outbound.Delivery {
        var delivery = Outbound.Delivery()
        fill(&delivery)
        return delivery
    }

    /// Plays the holder of the delivery right, if the last transition gave it, with a dispatcher that has this capacity
    /// and places as much as it can.
    ///
    /// - Returns: What all transitions say to the producers.
    @discardableResult
    mutating func playDelivery(
        after effects: consuming Effects,
        capacity: Int,
        subscriptions: Int = 1
    ) -> ShortQueue<Signal> {
        var (signals, capacity) = (effects.signals, capacity)
        guard effects.delivers else { return signals }
        var delivery = takeDelivery()
        while true {
            delivery.notices = ShortQueue()
            capacity -= delivery.events.removeFirst(capacity).count
            let next = delivered(&delivery, Outbound.Report(capacity: capacity, subscriptions: subscriptions))
            signals.append(next.signals)
            if !next.delivers { return signals }
        }
    }

    /// Plays a consumer that subscribes, and the holder of the right who accepts it.
    mutating func playSubscription(_ id: SubscriptionID) {
        let notice = Outbound.Notice.subscribed(id, RecordingDownstream(), SubscriptionRequest(options: ()))
        playDelivery(after: note(notice), capacity: 0)
    }

    /// Plays the task that is given the delivery right as its next work.
    mutating func playNextDelivery(capacity: Int) {
        guard case .deliver = nextWork() else { return expect(Bool(false), "Nothing to deliver") }
        playDelivery(after: Effects(delivers: true), capacity: capacity)
    }
}
