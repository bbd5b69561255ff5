import SluicePostgres

/// Reads a segment's records in order, in large pieces; memory is bounded by the largest record.
struct SegmentReader {
    private static let pieceSize = 256 << 10

    private let file: OpenFile
    private let start: UInt64
    private let headerSize: UInt64
    /// Up to where in the file there may be records.
    var limit: UInt64
    /// Where in the file the next record starts.
    private var position: UInt64
    private var last: Cursor
    private var buffer: [UInt8] = []
    /// Where in the file the buffer starts.
    private var bufferStart: UInt64 = 0

    /// Makes a reader of a segment from its first record on.
    ///
    /// - Parameters:
    ///   - file: The segment's.
    ///   - segment: What is known of it.
    ///   - limit: Up to where in the file there may be records.
    init(file: OpenFile, segment: LogLedger.Segment, upTo limit: UInt64) {
        self.file = file
        self.limit = limit
        start = segment.start
        headerSize = UInt64(segment.headerSize)
        position = headerSize
        last = segment.after
    }

    /// The offset of the next record.
    var offset: UInt64 { start + position - headerSize }

    /// The next record's header, unchecked; `nil` if not even that is there.
    mutating func peek() throws -> LogRecord? {
        guard try fill(LogRecord.headerSize) else { return nil }
        return withBytes(LogRecord.headerSize) { LogRecord(reading: $0) }
    }

    /// Goes to the next record.
    ///
    /// - Parameter body: Gets the record and its payload, which is valid only until it returns.
    /// - Returns: What the body returns; `nil` if there is no whole record, at the place it says, behind the last one.
    /// - Throws: ``SinkError`` if the file cannot be read; what the body throws.
    mutating func next<Result>(
        _ body: (LogRecord, UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        guard let record = try peek(), record.length > 0, record.offset == offset, record.last > last,
            try fill(record.size)
        else { return nil }
        let result: Result? = try withBytes(record.size) { bytes in
            guard LogRecord.isWhole(bytes) else { return nil }
            return try body(record, UnsafeRawBufferPointer(rebasing: bytes[LogRecord.headerSize...]))
        }
        guard let result else { return nil }
        position += UInt64(record.size)
        last = record.last
        return result
    }

    private func withBytes<Result>(_ count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let first = Int(position - bufferStart)
        return try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[first..<first + count])) }
    }

    /// Makes sure that so many bytes from the position on are in the buffer; `false` if the file has fewer.
    private mutating func fill(_ count: Int) throws -> Bool {
        guard position + UInt64(count) <= limit else { return false }
        let end = bufferStart + UInt64(buffer.count)
        if position >= bufferStart, position + UInt64(count) <= end { return true }
        let kept = position >= bufferStart && position < end ? Array(buffer[Int(position - bufferStart)...]) : []
        let wanted = min(max(count, Self.pieceSize), Int(limit - position))
        var next = kept
        next.append(contentsOf: repeatElement(0, count: max(0, wanted - kept.count)))
        var filled = kept.count
        while filled < next.count {
            let read = try next.withUnsafeMutableBytes { bytes in
                try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]),
                    at: position + UInt64(filled)
                )
            }
            if read == 0 { break }
            filled += read
        }
        next.removeLast(next.count - filled)
        (buffer, bufferStart) = (next, position)
        return filled >= count
    }
}
