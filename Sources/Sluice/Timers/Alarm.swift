/// When a timed stage wants to be called, and which sleep is under way for it: a pure part of the stage's machine.
///
/// A sleep is never interrupted: one that ends too early goes on, and one is only begun if none ends in time. So a
/// deadline that moves with every batch costs no task.
struct Alarm: Sendable {
    private var deadline: Duration?
    /// The end of the earliest sleep under way; one with another end has been replaced by it.
    private var earliestSleep: Duration?
    private var hasRung = false
    /// Events were handled after it had rung: so the stage is called next, however many more wait.
    private var wasPassedOver = false

    /// The stage takes no events, and does not end.
    private(set) var isHolding = false

    /// Whether the stage is like any other: neither holding nor due.
    private(set) var isQuiet = true

    /// Whether the stage is to be called.
    ///
    /// - Parameter hasEvents: Whether events wait that it may be given first, once.
    /// - Returns: Whether it is.
    func isDue(hasEvents: Bool) -> Bool {
        hasRung && (wasPassedOver || isHolding || !hasEvents)
    }

    /// Sets what the stage wants after a call.
    ///
    /// - Returns: Until when a new sleep must go; nil if none is needed.
    mutating func set(_ deadline: Duration?, isHolding: Bool, at now: Duration) -> Duration? {
        if deadline != self.deadline { wasPassedOver = false }
        self.deadline = deadline
        self.isHolding = isHolding
        hasRung = deadline.map { $0 <= now } ?? false
        isQuiet = !hasRung && !isHolding
        guard let deadline, !hasRung, earliestSleep.map({ deadline < $0 }) ?? true else { return nil }
        earliestSleep = deadline
        return deadline
    }

    /// A sleep has ended.
    ///
    /// - Returns: Until when it goes on; nil if it is over.
    mutating func slept(until time: Duration) -> Duration? {
        guard time == earliestSleep else { return nil }
        earliestSleep = nil
        guard let deadline, !hasRung else { return nil }
        if deadline > time {
            earliestSleep = deadline
            return deadline
        }
        hasRung = true
        isQuiet = false
        return nil
    }

    /// The stage is given events though it is due.
    mutating func passOver() {
        wasPassedOver = hasRung
    }

    /// The stage is called; it sets anew what it wants.
    mutating func take() {
        hasRung = false
        wasPassedOver = false
        deadline = nil
        isQuiet = !isHolding
    }
}
