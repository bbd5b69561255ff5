import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// One call of `send`, from its first record to its results.
///
/// Pure: it decides which record is next, and what the reports come to. It goes through rounds: a round ends when every
/// record that was handed over is reported, and what is still to be sent begins the next one.
///
/// It keeps the promise of ``SluiceSinks/KeyFailure/prefix``: a message that is not durable takes all later ones of its
/// key with it.
struct Request {
    /// What is known of a message.
    enum Fate {
        case waiting
        /// Handed over; `records` are not reported yet, and `fault` is the first bad report.
        case underWay(records: Int, fault: ResponseCode?)
        case durable
        case settled(SendResult)
    }

    /// Tells its reports from those of other requests.
    let number: UInt32

    let messages: [OutgoingMessage]

    /// Whether its messages may not share message sets any more, since one of them was refused.
    var needsOneByOne = false

    /// When it gives up; `nil` before its first record.
    private(set) var deadline: Instant?

    private let tombstones: Bool
    var fates: [Fate]
    /// The next message that may have to be handed over, and which of its records.
    private var next = 0
    private var part = RecordPart.message
    /// How many records are handed over and not reported.
    private var underWay = 0
    /// What was left to send at the ends of the last rounds, and how many of those made it no less.
    var left = Int.max
    var idleRounds = 0
    /// Whether this round handed anything over.
    private(set) var isActive = false

    /// Begins a call.
    ///
    /// Of `delivered`, which an earlier call made durable although it failed, it takes out what is its own.
    init(number: UInt32, _ messages: [OutgoingMessage], tombstones: Bool, delivered: inout Set<Cursor>) {
        self.number = number
        self.messages = messages
        self.tombstones = tombstones
        fates = messages.map { delivered.remove($0.cursor) != nil ? .durable : .waiting }
        advance(to: 0)
    }

    /// Starts the clock, if it does not run yet.
    mutating func begin(at now: Instant, timeout: Duration) {
        if deadline == nil { deadline = now.advanced(by: timeout) }
    }

    func isOverdue(at now: Instant) -> Bool { deadline.map { $0 <= now } ?? false }

    // MARK: - Handing over

    /// The next record to hand over; `nil` if all of this round are.
    var nextRecord: (index: Int, part: RecordPart)? {
        next < messages.count ? (next, part) : nil
    }

    /// Goes to the first message from `index` on that waits.
    private mutating func advance(to index: Int) {
        part = .message
        next = index
        while next < messages.count {
            if case .waiting = fates[next] { return }
            next += 1
        }
    }

    /// Notes that the next record was handed over.
    mutating func handedOver() {
        underWay += 1
        isActive = true
        if part == .tombstone {
            advance(to: next + 1)
        } else if hasTombstone(next) {
            fates[next] = .underWay(records: 2, fault: nil)
            part = .tombstone
        } else {
            fates[next] = .underWay(records: 1, fault: nil)
            advance(to: next + 1)
        }
    }

    /// Notes that the next record was not taken, and what that makes of its message.
    mutating func notTaken(_ result: SendResult) {
        // A report of the message itself, if it was handed over before its tombstone, then finds it settled.
        fates[next] = .settled(result)
        holdBack()
        advance(to: next + 1)
    }

    /// Ends the round early: nothing more is handed over.
    mutating func stop() {
        if part == .tombstone { record(next, RD_KAFKA_RESP_ERR__PURGE_QUEUE) }
        advance(to: messages.count)
    }

    /// Begins the next round, with everything that waits.
    mutating func restart() {
        advance(to: 0)
        isActive = false
    }

    private func hasTombstone(_ index: Int) -> Bool {
        tombstones && messages[index].action == .delete && messages[index].key != nil
    }

    // MARK: - Reports

    /// Notes what became of one record of a message.
    mutating func report(_ index: Int, _ code: ResponseCode) {
        underWay -= 1
        record(index, code)
    }

    private mutating func record(_ index: Int, _ code: ResponseCode) {
        guard case .underWay(let records, var fault) = fates[index] else { return }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { fault = fault ?? code }
        fates[index] = records == 1 && fault == nil ? .durable : .underWay(records: records - 1, fault: fault)
    }

    /// Whether nothing is under way and nothing is left to hand over.
    var isRoundOver: Bool { underWay == 0 && nextRecord == nil }

    /// The messages that are durable, whatever becomes of the others.
    var durable: [Cursor] {
        zip(messages, fates).compactMap { message, fate in
            if case .durable = fate { message.cursor } else { nil }
        }
    }
}
