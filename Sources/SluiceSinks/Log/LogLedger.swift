import DequeModule
import SluicePostgres

/// The log's accounts: which segments there are, how much of the disk they take, who still needs which, and so whether
/// there is room.
///
/// Pure: no file, lock or clock. Cursors are compared change by change: all messages of a change count as one.
struct LogLedger: Sendable {
    /// One file.
    struct Segment: Hashable, Sendable {
        /// The offset of its first record.
        var start: UInt64
        /// How long its header is.
        var headerSize: Int
        /// How many bytes its records have.
        var bytes = 0
        /// The last change up to its end; that before it while it is empty.
        var last: Cursor
        /// The last change before it.
        var after: Cursor
        /// Whether rows are in it.
        var hasRows = false

        var end: UInt64 { start + UInt64(bytes) }
        var size: Int { headerSize + bytes }
    }

    /// What has to be done before bytes can be appended.
    enum Room: Hashable, Sendable {
        /// Nothing.
        case append
        /// The segment has to be closed and a new one begun.
        case roll
        /// A sink has to go on first, or to be released: the one that is furthest behind.
        case full(heldBy: String)
    }

    /// How many bytes of disk the log may take.
    let budget: Int
    /// From how many bytes on a segment is closed.
    let segmentSize: Int

    private(set) var segments: Deque<Segment> = []
    private var holds: [String: Cursor] = [:]

    /// Makes accounts of nothing.
    ///
    /// - Parameters:
    ///   - budget: In bytes, at least 1.
    ///   - segmentSize: In bytes; a sixteenth of the budget if nil, but from 64 KiB to 64 MiB, so that disk comes back in
    ///     pieces.
    init(budget: Int, segmentSize: Int? = nil) {
        self.budget = budget
        self.segmentSize = segmentSize ?? min(64 << 20, max(64 << 10, budget / 16))
    }

    /// How many bytes of disk the segments take.
    var size: Int { segments.reduce(0) { $0 + $1.size } }

    /// Behind which change the log begins; `nil` if there is none.
    var floor: Cursor? { segments.first?.after }

    /// Behind which change the log has every row, too: its end if it keeps none.
    var rowsFloor: Cursor? { segments.reversed().prefix(while: \.hasRows).last?.after ?? last }

    /// The last change in the log, or the one that it begins behind.
    var last: Cursor? { segments.last?.last }

    /// Where the next record will be.
    var end: UInt64 { segments.last?.end ?? 0 }

    /// The sinks that the log keeps something for, in alphabetical order.
    var sinks: [String] { holds.keys.sorted() }

    /// Takes in a segment behind the others, or in the place of the last one if that is empty.
    mutating func begin(_ segment: Segment) {
        if segments.last?.bytes == 0 { segments.removeLast() }
        segments.append(segment)
    }

    /// Takes in a record of the newest segment.
    mutating func append(_ record: LogRecord) {
        segments[segments.count - 1].bytes += record.size
        segments[segments.count - 1].last = record.last
    }

    /// Keeps everything above a cursor for a sink, from now on or anew.
    mutating func hold(_ sink: String, above cursor: Cursor) {
        holds[sink] = cursor.change
    }

    /// A sink has everything up to a cursor; never goes back.
    mutating func advance(_ sink: String, to cursor: Cursor) {
        guard let hold = holds[sink], hold < cursor.change else { return }
        holds[sink] = cursor.change
    }

    /// Keeps nothing for a sink any more.
    mutating func release(_ sink: String) {
        holds[sink] = nil
    }

    /// Whether anything is kept for a sink.
    func isHeld(for sink: String) -> Bool { holds[sink] != nil }

    /// How many bytes of records a sink does not have, to the next segment: only when it has everything, exactly.
    func bytes(above cursor: Cursor) -> Int {
        segments.reduce(0) { $0 + ($1.last.change > cursor.change ? $1.bytes : 0) }
    }

    /// Takes the oldest segments away that nobody needs; the newest one stays.
    ///
    /// - Returns: Where they start.
    mutating func takeFreed() -> [UInt64] {
        let lowest = holds.isEmpty ? nil : holds.values.min()
        var freed: [UInt64] = []
        while segments.count > 1, lowest.map({ segments[0].last.change <= $0 }) ?? true {
            freed.append(segments.removeFirst().start)
        }
        return freed
    }

    /// Says what has to be done to append bytes.
    ///
    /// A record is admitted whatever its size if the log has nothing else: so none can be too large for it.
    ///
    /// - Parameter count: The next record's, with its header.
    /// - Returns: The one thing that comes next.
    func room(for count: Int) -> Room {
        guard let newest = segments.last else { return .roll }
        if newest.bytes > 0, newest.bytes + count > segmentSize { return .roll }
        if size + count <= budget || size == newest.size && newest.bytes == 0 { return .append }
        // What everybody has is given back by closing the segment.
        guard let sink = furthestBehind, let hold = holds[sink], hold < segments[0].last.change else {
            return newest.bytes > 0 ? .roll : .append
        }
        return .full(heldBy: sink)
    }

    /// Of several that are equally far behind, the first by its name.
    private var furthestBehind: String? {
        sinks.min { left, right in
            guard let first = holds[left], let second = holds[right] else { return false }
            return first < second
        }
    }
}

extension Cursor {
    /// The change that a message belongs to.
    var change: Cursor { Cursor(commitLSN: commitLSN, index: index) }
}
