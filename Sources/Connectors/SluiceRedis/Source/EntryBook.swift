import DequeModule

/// Knows which entries are in the pipeline, and decides which are fetched next.
///
/// Pure: the times are given, all since the same moment.
struct EntryBook {
    /// What is fetched next.
    enum Fetch: Hashable {
        /// Entries that failed and whose time has come, which this consumer still has.
        case retries([String])
        /// What this consumer was given and has not acknowledged, behind an identifier.
        case own(after: String)
        /// What consumers have that do nothing with it, from an identifier on.
        case abandoned(from: String)
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

    static let first = "0-0"

    private let rules: Rules
    /// The entries in the pipeline, and those that wait to come into it again; with how often they have failed.
    private var held: [String: Int] = [:]
    /// In the order in which their times come.
    private var waiting: Deque<(id: String, due: Duration)> = []
    private var ownCursor: String? = Self.first
    private var claimCursor: String?
    private var nextClaim = Duration.zero
    /// What was dealt with since entries were asked for that might be among them: the server may have answered before.
    private var dealtWith: Set<String>?

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
    mutating func foundOwn(_ ids: [String], last: String?) -> Set<String> {
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
    mutating func foundAbandoned(_ ids: [String], next: String, at now: Duration) -> Set<String> {
        claimCursor = next == Self.first ? nil : next
        if claimCursor == nil, let interval = rules.claimInterval { nextClaim = now + interval }
        return take(ids)
    }

    /// New entries were found.
    ///
    /// - Returns: Those to leave out, because they are in the pipeline already. The others are from now on.
    mutating func foundNew(_ ids: [String]) -> Set<String> {
        // If the group was set back, entries may be new and in the pipeline.
        take(ids)
    }

    /// Entries that were to be tried again were looked for.
    ///
    /// - Parameters:
    ///   - ids: Those that exist.
    ///   - asked: All.
    mutating func foundRetries(_ ids: [String], of asked: [String]) {
        let asked = Set(asked)
        waiting.removeAll { asked.contains($0.id) }
        for id in asked.subtracting(ids) { held.removeValue(forKey: id) }
    }

    private mutating func take(_ ids: [String]) -> Set<String> {
        var leftOut: Set<String> = []
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
    mutating func failed(_ id: String, at now: Duration) -> Bool {
        guard let failures = held[id], failures < rules.retries else { return false }
        held[id] = failures + 1
        waiting.append((id, now + rules.retryDelay))
        return true
    }

    /// Entries have been dealt with.
    mutating func release(_ ids: some Sequence<String>) {
        for id in ids {
            held.removeValue(forKey: id)
            dealtWith?.insert(id)
        }
    }
}
