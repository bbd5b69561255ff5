import DequeModule

/// What failures, calls and the graph do to a stage.
extension StageMachine {
    // MARK: Failures

    /// Whether a value of the stage may be made.
    var mayLive: Bool { !isCancelled && halt == nil }

    /// Lets the task come out of its loop because another stage has failed; a stage that has ended does not notice.
    mutating func halt(_ reason: StageHalt) -> Effects {
        guard !isEnded, !isCancelled else { return Effects() }
        // A restart is the least of the reasons.
        if case .restart? = halt { halt = reason } else { halt = halt ?? reason }
        var effects = Effects(waiter: takeWaiter())
        effects.interrupt = true
        return effects
    }

    /// The stage's value is gone, to be made afresh; what it had in hand counts as handled.
    mutating func interrupted() -> Effects {
        halt = nil
        isInHandler = false
        isStirred = true
        // The next value is told of the end as well.
        if phase == .closing { phase = .running }
        return effects()
    }

    /// The stage's value is made afresh.
    ///
    /// - Returns: False if there is nothing for it to do any more.
    mutating func revive() -> Bool {
        guard !isCancelled, phase != .draining else { return false }
        newSubscriptions = Deque(inbound.manualSubscriptions)
        return true
    }

    /// The stage ends for good: what it has emitted is still delivered.
    mutating func fail(_ error: any Error) -> Effects {
        isInHandler = false
        failure = error
        end(.failed(error))
        var effects = effects()
        effects.signals.append(inbound.leaveAll(because: error))
        return effects
    }

    /// Counts events that a failure has left to nobody.
    mutating func lost(_ count: Int) {
        lostCount += count
    }

    /// Takes what the stage has received and not handled.
    mutating func takeReceived() -> [EventQueue] {
        inbound.takeAll()
    }

    // MARK: Anyone

    /// - Returns: Nil if the stage has ended and will not perform it.
    mutating func perform(_ request: PerformRequest) -> Effects? {
        guard !isEnded, !isCancelled else { return nil }
        requests.append(request)
        return Effects(waiter: takeWaiter())
    }

    /// Like ``perform(_:)``, but in the place that the call has now among the stage's events.
    mutating func notify(_ request: PerformRequest) -> Effects? {
        guard !isEnded, !isCancelled else { return nil }
        placedCalls.append(request, behind: inbound.takenEvents + inbound.waitingEvents)
        return Effects(waiter: takeWaiter())
    }

    /// Takes back a request that has not begun.
    ///
    /// - Returns: Whether it was still there.
    mutating func withdraw(_ request: PerformRequest) -> Bool {
        guard let index = requests.firstIndex(where: { $0 === request }) else { return placedCalls.remove(request) }
        requests.remove(at: index)
        return true
    }

    /// Nothing more leaves the stage, and it is not called for its consumers' demand.
    mutating func pause(at time: Duration? = nil) {
        outbound.pause()
        turnIfParked(at: time)
    }

    /// Ends a pause.
    mutating func resume(at time: Duration? = nil) -> Effects {
        outbound.resume()
        isStirred = true
        turnIfParked(at: time)
        return effects()
    }

    /// Lets a source that had nothing be called again.
    mutating func stirred() -> Effects {
        isStirred = true
        return Effects(waiter: takeWaiter())
    }

    // MARK: The scope

    mutating func go() -> Effects {
        if phase == .held { phase = .running }
        return Effects(waiter: takeWaiter())
    }

    /// No stage or subscription will be added any more.
    mutating func scopeClosed() -> Effects {
        var effects = go()
        effects.delivers = close()
        return afterLosingConsumer(effects)
    }

    /// A source stops; other stages go on until their producers have finished.
    ///
    /// The scope takes no more subscriptions, so a stage without a neighbour has nothing to wait for.
    mutating func drain() -> Effects {
        outbound.resume()
        var effects = Effects(delivers: close())
        if kind == .producer, phase == .held || phase == .running {
            phase = .draining
            effects.interrupt = true
        }
        return afterLosingConsumer(effects)
    }

    mutating func cancel() -> Effects {
        isCancelled = true
        return Effects(waiter: takeWaiter())
    }

    /// Takes what the stage has emitted and its dispatcher has not taken.
    mutating func takeEmitted() -> EventQueue {
        outbound.takeBuffer()
    }

    /// Everything is over: gives out what refers to neighbours, to be destroyed outside of the lock.
    mutating func dismantle() -> (Inbound, Outbound, ShortQueue<Signal>) {
        phase = .stopped
        defer { (inbound, outbound, deferredAsks) = (Inbound(), Outbound(), ShortQueue()) }
        return (inbound, outbound, deferredAsks)
    }
}
