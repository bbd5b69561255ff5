/// The conservation law of one side of a subscription: `asked = delivered + outstanding`, and `outstanding >= 0`.
struct DemandLedger: Sendable {
    /// The most that may be outstanding: as good as no limit, and no sum over subscriptions overflows.
    static let limit = 1 << 40

    /// Everything ever asked for.
    private(set) var asked = 0

    /// Everything ever delivered.
    private(set) var delivered = 0

    /// What was asked for and not delivered.
    var outstanding: Int { asked - delivered }

    mutating func ask(_ count: Int) {
        precondition(count > 0, "An ask is for at least one event, not \(count)")
        asked += count
    }

    /// Returns false, and counts nothing, if that is more than was asked for.
    mutating func deliver(_ count: Int) -> Bool {
        guard count <= outstanding else { return false }
        delivered += count
        return true
    }
}
