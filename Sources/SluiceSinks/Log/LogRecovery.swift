import SluicePostgres

/// What a log holds when it is opened, before anything is changed: all up to the first record that is not whole.
///
/// Segments before the last one were on the disk before their successor was made, so only their headers are read; a
/// record of theirs that has become bad since then is found by who reads it.
struct LogRecovery {
    /// The good segments with what is good of them; empty if there is none.
    private(set) var segments: [LogLedger.Segment] = []

    /// Where the first bad bytes are; `nil` if there are none.
    private(set) var damage: Damage?

    struct Damage: Hashable {
        /// The file.
        var path: String
        /// How many of its bytes are good.
        var position: UInt64
        /// How many follow.
        var count: UInt64
    }

    /// The last good change.
    var last: Cursor? { segments.last?.last }

    /// Looks at the files; changes nothing.
    ///
    /// - Throws: ``SinkError`` if they cannot be read, or are of another source.
    init(_ folder: LogFolder, source: SourceIdentity) throws {
        var newest: (file: OpenFile, length: UInt64)?
        for start in folder.segments() {
            let file = try folder.open(start)
            let length = try file.status().length
            guard let header = try Self.header(of: file), header.start == start, continues(header) else {
                damage = Damage(path: folder.path(of: start), position: 0, count: length)
                break
            }
            guard (header.source.systemIdentifier, header.source.slot) == (source.systemIdentifier, source.slot) else {
                throw SinkError(
                    .otherSource,
                    "\(folder.path) is the log of \(header.source), not of \(source). Give another state folder."
                )
            }
            if let before = segments.indices.last { segments[before].last = header.after }
            segments.append(
                LogLedger.Segment(
                    start: start,
                    headerSize: header.size,
                    bytes: Int(length - min(length, UInt64(header.size))),
                    last: header.after,
                    after: header.after,
                    hasRows: header.hasRows
                )
            )
            newest = (file, length)
        }
        if let newest { try scan(newest.file, length: newest.length, path: folder.path(of: segments.last?.start ?? 0)) }
    }

    /// Removes what is not good.
    func cut(_ folder: LogFolder) throws {
        for start in folder.segments() where start > segments.last?.start ?? 0 || segments.isEmpty {
            folder.remove(start)
        }
        if let newest = segments.last {
            let file = try folder.open(newest.start)
            if try file.status().length > UInt64(newest.size) { try file.truncate(to: UInt64(newest.size)) }
            // What was written whole may be only in the system's memory yet.
            try file.synchronize()
        }
        try OpenFile.synchronizeFolder(of: folder.path(of: 0))
    }

    private static func header(of file: OpenFile) throws -> SegmentHeader? {
        var buffer = [UInt8](repeating: 0, count: SegmentHeader.longest)
        let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return buffer[..<count].withUnsafeBytes { SegmentHeader(reading: $0) }
    }

    /// Whether a segment follows the one before without a hole.
    private func continues(_ header: SegmentHeader) -> Bool {
        segments.last.map { $0.end == header.start && $0.last <= header.after } ?? true
    }

    /// Reads the newest segment record by record.
    private mutating func scan(_ file: OpenFile, length: UInt64, path: String) throws {
        var segment = segments.removeLast()
        segment.bytes = 0
        var reader = SegmentReader(file: file, segment: segment, upTo: length)
        while let record = try reader.next({ record, _ in record }) {
            segment.bytes += record.size
            segment.last = record.last
        }
        segments.append(segment)
        let good = UInt64(segment.size)
        if good < length { damage = Damage(path: path, position: good, count: length - good) }
    }
}
