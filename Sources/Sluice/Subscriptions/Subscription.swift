/// An accepted subscription of one stage to another.
public struct Subscription: Sendable, Identifiable {
    /// The subscription's identity; never reused within a graph.
    public let id: SubscriptionID

    let consumer: StageStorage
    let ending: SubscriptionEnding

    /// Asks for no more events.
    ///
    /// What was delivered before is still handled. Nothing else happens if the subscription has ended.
    ///
    /// - Parameter reason: What ``end`` tells.
    public func cancel(because reason: (any Error)? = nil) {
        var signals = ShortQueue(consumer.machine.withLock { $0.leave(id, because: reason) })
        signals.send()
    }

    /// How the subscription ended; it is waited for.
    ///
    /// It is known when nothing will be delivered any more; what was delivered before may still wait for the consumer.
    public var end: SubscriptionEnd {
        get async { await ending.end }
    }

    /// Holds back what the consumer asks for, until ``resume()``.
    ///
    /// What was asked for before still arrives and is handled. Other subscriptions of the stage go on.
    public func pause() {
        consumer.machine.withLock { $0.pause(id) }
    }

    /// Ends a pause: what was held back is asked for.
    public func resume() {
        consumer.apply { $0.resume(id) }
    }

    /// Changes how much may be on its way, while events flow.
    ///
    /// A larger window is asked for at once if `minDemand` or fewer events are outstanding, else after the next events;
    /// a smaller one takes effect as events arrive, for what was asked for is never taken back. Nothing happens if the
    /// subscription has ended, or if its stage asks for itself.
    ///
    /// - Parameters:
    ///   - maxDemand: The most events that may be on their way, from 1 to 2^40.
    ///   - minDemand: When to ask for more, from 0 to `maxDemand - 1`; half of `maxDemand` if nil.
    /// - Throws: ``StageError/Code/badWindow`` if that is impossible.
    public func setDemand(max maxDemand: Int, min minDemand: Int? = nil) throws {
        let window = try DemandWindow(of: consumer.name, maxDemand: maxDemand, minDemand: minDemand)
        consumer.apply { $0.change(id, min: window.min, max: window.max) }
    }
}
