import DequeModule
import HeapModule
import Sluice
import SluicePostgres

/// Decides what goes to a keyed sink when: in order within each key, while other keys overtake one that waits.
///
/// Pure: no lock, clock or task; times are durations since any fixed moment.
///
/// Each message counts the unsettled messages that it waits for, and knows those that wait for it. So a key is a chain,
/// a row whose key changes belongs to two, and a truncate follows everything of its table and precedes the rest.
struct KeyedQueue: ~Copyable {
    /// What a queue goes by.
    struct Rules: Sendable {
        var limits: RequestLimits
        var keyFailure: KeyFailure
        /// How many changes may be above the settled prefix before no more are taken.
        var capacity: Int
        /// After so many failures a message goes to the dead letters; `nil`: never.
        var maxFailures: Int?
        /// Whether there is a place for dead letters; without one, a refused message ends the stream.
        var hasDeadLetters: Bool
        /// Between two attempts for one message.
        var backoff: Backoff
        /// Between two attempts to reach the sink.
        var outageBackoff: Backoff
    }

    /// A message that still waits for others after so many bytes of later changes gets bytes of its own.
    static let detachAfter = 2 << 20

    /// So many letters at once: each is copied on its way.
    static let mostBurials = 4

    var rules: Rules
    var messages: [QueuedMessage] = []
    private var free: [Int] = []
    /// The last unsettled message of each key.
    private var tails: [UInt64: Int] = [:]
    /// The last unsettled truncate of each table.
    private var barriers: [UInt64: Int] = [:]
    private var count: UInt64 = 0
    /// The messages of the last changes, to be detached when they get old; one for each change.
    private var recent: Deque<Recent> = []
    private var recentBytes = 0

    var ready: Deque<Int> = []
    var readyBytes = 0
    var waiting = Heap<Attempt>()
    var refused: Deque<Burial> = []
    var burialsInFlight = 0
    var requestsInFlight = 0
    var partialRequestsInFlight = 0
    var health: SinkHealth
    /// What ends the stream.
    var failure: SinkError?
    /// Nothing more will come.
    var isEnding = false
    private(set) var prefix = SettledPrefix()
    private(set) var settled = Settlement()

    private struct Recent {
        let message: Int
        let sequence: UInt64
        let bytes: Int
    }

    /// A message's next attempt.
    struct Attempt: Comparable {
        let due: Duration
        let message: Int

        static func < (left: Attempt, right: Attempt) -> Bool {
            (left.due, left.message) < (right.due, right.message)
        }
    }

    init(_ rules: Rules) {
        self.rules = rules
        health = SinkHealth(backoff: rules.outageBackoff)
    }

    /// Whether more changes may be taken.
    var hasRoom: Bool { prefix.count < rules.capacity }

    /// Whether everything that was taken is settled.
    var isEmpty: Bool { prefix.count == 0 }

    /// Takes in a change; its number is one above the last one's.
    mutating func take(_ keyed: KeyedChange) {
        let sequence = keyed.change.sequence
        settled.cost += prefix.append(keyed.change)
        if let first = keyed.first {
            let index = insert(first, sequence)
            messages[index].sharesBytes = keyed.change.batch.bytes.count > 2 * first.message.body.count
            recent.append(Recent(message: index, sequence: sequence, bytes: Int(keyed.change.cost)))
            recentBytes += Int(keyed.change.cost)
        }
        for part in keyed.others {
            // Only one message of each change is remembered, and nearly all have one.
            var part = part
            part.message = part.message.detached
            _ = insert(part, sequence)
        }
        while recentBytes > Self.detachAfter, let old = recent.popFirst() {
            recentBytes -= old.bytes
            // What is on its way soon lets go by itself; and the place may have gone to a younger message.
            if messages[old.message].sequence == old.sequence, messages[old.message].state == .waiting {
                detach(old.message)
            }
        }
    }

    /// Gives a message bytes of its own, so that it does not keep those of a whole batch in memory.
    mutating func detach(_ index: Int) {
        guard messages[index].sharesBytes else { return }
        messages[index].sharesBytes = false
        messages[index].message = messages[index].message.detached
    }

    private mutating func insert(_ part: KeyedChange.Part, _ sequence: UInt64) -> Int {
        let new = QueuedMessage(
            message: part.message,
            order: part.order,
            table: part.table,
            sequence: sequence,
            number: count
        )
        count += 1
        let index: Int
        if let place = free.popLast() {
            index = place
            messages[index] = new
        } else {
            index = messages.count
            messages.append(new)
        }
        switch new.order {
        case .key(let key):
            follow(index, key)
        case .keys(let first, let second):
            follow(index, first)
            if second != first { follow(index, second) }
        case .wholeTable:
            followTable(index, new.table)
        }
        if messages[index].waits == 0 { makeReady(index) }
        return index
    }

    private mutating func follow(_ index: Int, _ key: UInt64) {
        let tail = tails.updateValue(index, forKey: key)
        let table = messages[index].table
        let barrier = barriers.isEmpty ? nil : barriers[table]
        if let tail { wait(index, for: tail) }
        if let barrier {
            // A younger one of the table waits for the truncate itself.
            if let tail, messages[tail].table == table, messages[tail].number > messages[barrier].number { return }
            wait(index, for: barrier)
        }
    }

    private mutating func followTable(_ index: Int, _ table: UInt64) {
        let barrier = barriers.updateValue(index, forKey: table)
        if let barrier { wait(index, for: barrier) }
        // What is older than the last truncate is what that one waits for.
        let first = barrier.map { messages[$0].number } ?? 0
        for other in messages.indices where messages[other].table == table && messages[other].number >= first {
            if other != index, messages[other].state != .settled { wait(index, for: other) }
        }
    }

    private mutating func wait(_ index: Int, for other: Int) {
        // Both keys may have the same last message.
        guard messages[other].followers.last != index else { return }
        messages[other].followers.append(index)
        messages[index].waits += 1
    }

    mutating func makeReady(_ index: Int) {
        messages[index].state = .ready
        ready.append(index)
        readyBytes += messages[index].message.byteCount
    }

    /// Frees a message's place, and lets those that waited for it go.
    mutating func settle(_ index: Int) {
        let message = messages[index]
        messages[index].state = .settled
        messages[index].followers = []
        messages[index].message = .none
        free.append(index)
        switch message.order {
        case .key(let key):
            if tails[key] == index { tails[key] = nil }
        case .keys(let first, let second):
            if tails[first] == index { tails[first] = nil }
            if tails[second] == index { tails[second] = nil }
        case .wholeTable:
            if barriers[message.table] == index { barriers[message.table] = nil }
        }
        for follower in message.followers {
            messages[follower].waits -= 1
            if messages[follower].waits == 0, messages[follower].state == .waiting { makeReady(follower) }
        }
        settled.cost += prefix.settle(message.sequence)
        settled.messages += 1
        if message.message.action == .undecodable { settled.undecodable += 1 }
    }

    /// What was settled since the last call.
    mutating func takeSettlement() -> Settlement {
        var settlement = settled
        settlement.last = prefix.last
        settled = Settlement()
        return settlement
    }
}

/// What was settled in a while.
struct Settlement: Sendable {
    /// Bytes of the budget that are needed no longer.
    var cost = 0
    /// Messages that are durable at the sink or among the dead letters.
    var messages = 0
    /// How many of them tell of rows that could not be decoded.
    var undecodable = 0
    /// The last change of the settled prefix.
    var last: (sequence: UInt64, cursor: Cursor)?
}

extension OutgoingMessage {
    /// Holds nothing.
    fileprivate static let none = OutgoingMessage(
        cursor: Cursor(commitLSN: .zero, index: 0),
        action: .undecodable,
        schema: nil,
        table: nil,
        key: nil,
        body: []
    )
}
