/// An event that knows where it came from: its identity, and its place in the output of the last stage that emitted it.
struct SimulatedEvent: Hashable, Sendable {
    /// The same for every hop of one event; a duplicate has a lineage of its own.
    struct Identity: Hashable, Comparable, Sendable {
        var source: Int
        var number: Int
        var lineage = 1

        static func < (left: Identity, right: Identity) -> Bool {
            (left.source, left.number, left.lineage) < (right.source, right.number, right.lineage)
        }
    }

    var identity: Identity
    /// The stage that emitted it last.
    var emitter: Int
    /// The how manieth of that stage's events it is.
    var position: Int
}

/// What every stage of one layer does, so that the events at the end do not depend on the way that an event took.
enum Transform: CaseIterable, Sendable {
    case identity
    case filter
    case duplicate

    func apply(_ event: SimulatedEvent.Identity) -> [SimulatedEvent.Identity] {
        switch self {
        case .identity:
            return [event]
        case .filter:
            return (event.number + event.lineage) % 3 == 0 ? [] : [event]
        case .duplicate:
            var (first, second) = (event, event)
            first.lineage = event.lineage * 2
            second.lineage = event.lineage * 2 + 1
            return [first, second]
        }
    }
}
