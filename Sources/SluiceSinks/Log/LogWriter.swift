import SluicePostgres

/// The blocking half of a log: its newest segment.
struct LogWriter: Sendable {
    /// From how many bytes on a record is closed: so much is read at once, and charged to a sink's memory.
    static let recordSize = 128 << 10

    /// What an append came to.
    struct Appended: Sendable {
        /// The records that are on the disk now.
        var records: [LogRecord] = []
        /// How many of the changes are in them, or need not be.
        var count = 0
        /// What is in the way of the rest; `.append` if nothing is.
        var room = LogLedger.Room.append
    }

    private let folder: LogFolder
    private let file: OpenFile
    private var progress: DeliveryProgress
    /// How many bytes the file has that are durable.
    private var length: UInt64

    /// Takes a segment whose end is that of its last whole record.
    init(folder: LogFolder, file: OpenFile, length: UInt64, cursor: Cursor) {
        self.folder = folder
        self.file = file
        self.length = length
        progress = DeliveryProgress(at: cursor)
    }

    /// Begins a new segment.
    static func roll(_ folder: LogFolder, header: SegmentHeader) throws -> LogWriter {
        let file = try folder.create(header)
        return LogWriter(folder: folder, file: file, length: try file.status().length, cursor: header.after)
    }

    /// Appends as many changes as there is room for, and makes them durable.
    ///
    /// - Parameters:
    ///   - changes: Ascending.
    ///   - ledger: As it is now; what is appended is for the caller to enter.
    /// - Returns: What was appended, and what is in the way of the rest.
    /// - Throws: ``SinkError`` if the disk refuses or fails. What was not made durable is then cut off, so that no later
    ///   start takes for durable what only the system's memory holds.
    mutating func append(_ changes: ArraySlice<Change>, ledger: LogLedger) throws -> Appended {
        var ledger = ledger
        var progress = progress
        var appended = Appended()
        var bytes: [UInt8] = []
        while appended.count < changes.count {
            let part = try nextRecord(changes.dropFirst(appended.count), &progress)
            if !part.changes.isEmpty {
                let payload = ChangeRecord.encode(part.changes)
                let record = LogRecord(
                    length: payload.count,
                    offset: ledger.end,
                    last: part.changes[part.changes.endIndex - 1].lastCursor,
                    count: part.changes.count
                )
                appended.room = ledger.room(for: record.size)
                guard appended.room == .append else { break }
                bytes += record.encoded(payload)
                ledger.append(record)
                appended.records.append(record)
            }
            appended.count += part.count
            self.progress = progress
        }
        if !bytes.isEmpty { try write(bytes) }
        return appended
    }

    /// The changes of the next record, and how many were taken for it; those that the log has are left out.
    private func nextRecord(
        _ changes: ArraySlice<Change>,
        _ progress: inout DeliveryProgress
    ) throws -> (changes: ArraySlice<Change>, count: Int) {
        var size = 0
        var start = changes.startIndex
        var end = start
        while end < changes.endIndex, size < Self.recordSize {
            let isNew = try progress.take(changes[end]) != nil
            size += isNew ? ChangeRecord.size(of: changes[end]) : 0
            end += 1
            if !isNew { start = end }
        }
        return (changes[start..<end], end - changes.startIndex)
    }

    private mutating func write(_ bytes: [UInt8]) throws {
        do {
            try bytes.withUnsafeBytes { try file.write($0) }
            try Failpoint.logged.pass()
            try file.synchronize()
        } catch {
            try? file.truncate(to: length)
            throw (error as? SinkError)
                ?? SinkError(.inputOutput, "The log cannot be made durable: \(error)", cause: error)
        }
        length += UInt64(bytes.count)
    }
}
