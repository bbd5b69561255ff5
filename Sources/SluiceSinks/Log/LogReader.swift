package import Sluice
package import SluicePostgres
import Synchronization

/// Reads a log for one sink: what is durable, from a cursor on, while the sink's budget has room.
///
/// It blocks, on a thread of its own.
package final class LogReader: Sendable {
    /// What a call came to.
    enum Answer: Sendable {
        case changes([Change])
        /// Nothing is there, or there is no room for it: ``wait()`` tells when to ask again.
        case nothing
        case ended
    }

    private struct Position {
        var reader: SegmentReader
        var segment: LogLedger.Segment
        var records: ChangeRecordReader
    }

    private let log: SpillLog
    private let budget: Budget
    private let thread = BlockingThread()
    // Only the thread takes this lock, so holding it over a blocking call keeps nobody waiting.
    private let position: Mutex<Position?>
    private let begin: @Sendable () throws -> Position?
    private let signal = Signal()
    private let offset = Mutex<UInt64>(0)

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - log: Begun.
    ///   - cursor: What is at or below it is left out.
    ///   - filter: Messages of other tables are left out.
    ///   - keepsRows: Whether the sink reads rows.
    ///   - budget: The sink's own, used for nothing else.
    package init(_ log: SpillLog, above cursor: Cursor, filter: TableFilter, keepsRows: Bool = false, budget: Budget) {
        self.log = log
        self.budget = budget
        position = Mutex(nil)
        begin = {
            guard let (folder, segment) = log.place(above: cursor) else { return nil }
            return Position(
                reader: SegmentReader(file: try folder.open(segment.start), segment: segment, upTo: 0),
                segment: segment,
                records: ChangeRecordReader(filter: filter, after: cursor, keepsRows: keepsRows)
            )
        }
        offset.withLock { $0 = log.place(above: cursor)?.segment.start ?? 0 }
        log.register(self, signal)
        budget.whenRoomReturns { [signal] in signal.raise() }
    }

    deinit {
        log.withdraw(self)
    }

    /// How many bytes of the log it has not read.
    package var bytesLeft: Int {
        let (end, _) = log.end
        return Int(end - min(end, offset.withLock { $0 }))
    }

    /// Reads changes.
    ///
    /// - Parameter demand: About how many are wanted: the last record is given whole.
    /// - Returns: Them, or why there are none.
    /// - Throws: ``SinkError`` if the log is damaged or cannot be read; `CancellationError`.
    func next(_ demand: Int) async throws -> Answer {
        try await thread.run { [self] in
            try position.withLock { position in
                if position == nil { position = try begin() }
                guard var current = position else { return .nothing }
                defer { position = current }
                return try read(demand, &current)
            }
        }
    }

    /// Waits until it is worth asking again.
    ///
    /// - Throws: `CancellationError`.
    func wait() async throws {
        guard await signal.wait() else { throw CancellationError() }
    }

    /// Lets the thread end.
    package func close() {
        thread.close()
    }

    private func read(_ demand: Int, _ current: inout Position) throws -> Answer {
        var changes: [Change] = []
        while changes.count < demand, try goOn(&current), try reserveNext(&current) {
            changes += try readNext(&current)
        }
        offset.withLock { $0 = current.reader.offset }
        if !changes.isEmpty { return .changes(changes) }
        let (end, isFinal) = log.end
        return isFinal && current.reader.offset == end ? .ended : .nothing
    }

    /// Whether there is a durable record at the position; goes on to the next segment if need be.
    private func goOn(_ current: inout Position) throws -> Bool {
        while true {
            // A segment that is gone was read to its end, or it would not be.
            let found = log.segment(startingAt: current.segment.start)
            let segment = found?.segment ?? current.segment
            current.segment = segment
            current.reader.limit = UInt64(segment.size)
            if current.reader.offset < segment.end { return true }
            guard found?.isNewest != true, let next = log.place(startingAt: segment.end) else { return false }
            let file = try next.folder.open(next.segment.start)
            current.reader = SegmentReader(file: file, segment: next.segment, upTo: 0)
            current.segment = next.segment
        }
    }

    /// Takes what the next record will cost from the budget, about.
    private func reserveNext(_ current: inout Position) throws -> Bool {
        guard let record = try current.reader.peek() else { throw damaged(current) }
        return budget.reserve(Self.cost(record))
    }

    private func readNext(_ current: inout Position) throws -> [Change] {
        let position = current.reader.offset
        var records = current.records
        let result = try current.reader.next { record, payload in
            let changes = try records.decode(payload)
            budget.correct(by: changes.reduce(0) { $0 + Int($1.cost) } - Self.cost(record))
            return changes
        }
        guard let result, current.reader.offset > position else { throw damaged(current) }
        current.records = records
        return result
    }

    private static func cost(_ record: LogRecord) -> Int {
        record.length + 128 * record.count
    }

    private func damaged(_ current: Position) -> SinkError {
        SinkError(
            .corrupt,
            "The log is damaged \(current.reader.offset - current.segment.start) bytes behind the start of the segment at "
                + "\(current.segment.start), and what follows cannot be read. The sink stays where it is; others may be "
                + "past that place."
        )
    }
}
