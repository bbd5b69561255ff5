import DequeModule

/// Knows which entries are in the pipeline, and decides which are fetched next.
///
/// Pure: the times are given, all since the same moment.
struct EntryBook {
    typealias ID = RedisStreamEntry.ID

    /// What is fetched next.
    enum Fetch: Hashable {
        /// Entries that failed and whose time has come, which this consumer still has.
        case retries([ID])
        /// What this consumer was given and has not acknowledged, behind an identifier.
        case own(after: ID)
        /// What consumers have that do nothing with it, from an identifier on.
        case abandoned(from: ID)
        /// What nobody was given; waits so long for it.
        case new(wait: Duration)
    }

    /// What does not change.
    struct Rules: Hashable {
        /// How long a fetch waits for new entries at most.
        var block: Duration
        /// How long after the end of a search for abandoned entries the next one begins; `nil`: there is none.
        var claimInterval: Duration?
        /// How often an entry that failed is handled again.
        var retries = 0
        /// How long after.
        var retryDelay = Duration.zero
    }

    /// No entry has it: it is in front of all.
    static let first = ID(milliseconds: 0, number: 0)

    private let rules: Rules
    /// The entries in the pipeline, and those that wait to come into it again; with how often they have failed.
    private var held: [ID: Int] = [:]
    /// In the order in which their times come.
    private var waiting: Deque<(id: ID, due: Duration)> = []
    private var ownCursor: ID? = Self.first
    private var claimCursor: ID?
    private var nextClaim = Duration.zero
    /// What was dealt with since entries were asked for that might be among them: the server may have answered before.
    private var dealtWith: Set<ID>?

    init(_ rules: Rules) {
        self.rules = rules
    }

    /// How many entries are in the pipeline, or wait to come into it again.
    var count: Int { held.count }

    /// Decides what to fetch.
    ///
    /// - Parameters:
    ///   - demand: How many entries are wanted.
    ///   - now: The time.
    /// - Returns: What to fetch; what it brought is told with one of the methods below.
    mutating func next(_ demand: Int, at now: Duration) -> Fetch {
        let due = waiting.prefix(demand).prefix { $0.due <= now }
        if !due.isEmpty { return .retries(due.map(\.id)) }
        if let ownCursor {
            dealtWith = []
            return .own(after: ownCursor)
        }
        if rules.claimInterval != nil {
            if claimCursor != nil || nextClaim <= now {
                dealtWith = []
                return .abandoned(from: claimCursor ?? Self.first)
            }
            return .new(wait: wait(at: now, atMost: min(rules.block, nextClaim - now)))
        }
        return .new(wait: wait(at: now, atMost: rules.block))
    }

    private func wait(at now: Duration, atMost limit: Duration) -> Duration {
        var wait = limit
        if let first = waiting.first { wait = min(wait, first.due - now) }
        // Nobody ends the wait for an entry that fails meanwhile.
        if rules.retries > 0 { wait = min(wait, rules.retryDelay) }
        return max(wait, .milliseconds(1))
    }

    /// Entries of this consumer's own were found.
    ///
    /// - Parameters:
    ///   - ids: Those that still exist.
    ///   - last: The last one, also if it does not exist any more; `nil`: there are none.
    /// - Returns: Those to leave out, because they are in the pipeline already. The others are from now on.
    mutating func foundOwn(_ ids: [ID], last: ID?) -> Set<ID> {
        ownCursor = last
        return take(ids)
    }

    /// Abandoned entries were found, and are now this consumer's.
    ///
    /// - Parameters:
    ///   - ids: Those that exist.
    ///   - next: Where the search goes on; ``first``: it is over.
    ///   - now: The time.
    /// - Returns: Those to leave out, because they are in the pipeline already. The others are from now on.
    mutating func foundAbandoned(_ ids: [ID], next: ID, at now: Duration) -> Set<ID> {
        claimCursor = next == Self.first ? nil : next
        if claimCursor == nil, let interval = rules.claimInterval { nextClaim = now + interval }
        return take(ids)
    }

    /// New entries were found.
    ///
    /// - Returns: Those to leave out, because they are in the pipeline already. The others are from now on.
    mutating func foundNew(_ ids: [ID]) -> Set<ID> {
        // If the group was set back, entries may be new and in the pipeline.
        take(ids)
    }

    /// Entries that were to be tried again were looked for.
    ///
    /// - Parameters:
    ///   - ids: Those that exist.
    ///   - asked: All.
    mutating func foundRetries(_ ids: [ID], of asked: [ID]) {
        let asked = Set(asked)
        waiting.removeAll { asked.contains($0.id) }
        for id in asked.subtracting(ids) { held.removeValue(forKey: id) }
    }

    private mutating func take(_ ids: [ID]) -> Set<ID> {
        var leftOut: Set<ID> = []
        for id in ids {
            if dealtWith?.contains(id) ?? false || held[id] != nil { leftOut.insert(id) } else { held[id] = 0 }
        }
        dealtWith = nil
        return leftOut
    }

    /// A fetch has failed: the server may have given this consumer entries that did not arrive.
    mutating func lostConnection() {
        dealtWith = nil
        ownCursor = Self.first
        claimCursor = nil
    }

    /// An entry has failed.
    ///
    /// - Returns: Whether it is handled again; else it is dealt with as one that failed for good.
    mutating func failed(_ id: ID, at now: Duration) -> Bool {
        guard let failures = held[id], failures < rules.retries else { return false }
        held[id] = failures + 1
        waiting.append((id, now + rules.retryDelay))
        return true
    }

    /// Entries have been dealt with.
    mutating func release(_ ids: some Sequence<ID>) {
        for id in ids {
            held.removeValue(forKey: id)
            dealtWith?.insert(id)
        }
    }
}
