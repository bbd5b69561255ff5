import SluicePostgres

/// The blocking half of ``FileSink``: an opened and repaired file.
struct FileWriter: SinkWriter {
    private let path: String
    private let file: OpenFile
    private var mark: FileMark
    private var progress: DeliveryProgress
    private var cachedTail: CachedTail

    /// Takes a file whose end is that of its last whole message.
    init(path: String, file: OpenFile, mark: FileMark, cursor: Cursor?) {
        self.path = path
        self.file = file
        self.mark = mark
        self.cachedTail = CachedTail(behind: mark.length)
        self.progress = DeliveryProgress(at: cursor)
    }

    var position: SinkPosition {
        SinkPosition(cursor: progress.cursor, mark: mark.text)
    }

    mutating func deliver(_ changes: [Change]) throws -> SinkPosition {
        var progress = progress
        var runs = MessageRuns()
        for change in changes {
            if let first = try progress.take(change) { runs.append(change, from: first) }
        }
        if runs.byteCount > 0 {
            try checkUntouched()
            try runs.forEachPiece { try file.write($0) }
            try file.synchronize()
            mark.length += UInt64(runs.byteCount)
            if let behind = cachedTail.grow(to: mark.length) { file.leaveCache(behind) }
        }
        self.progress = progress
        return position
    }

    mutating func rewind(to cursor: Cursor) throws -> SinkPosition {
        let scan = try TailScan(after: nil, upTo: cursor, reader: file.lines(from: 0))
        if scan.end < mark.length {
            try file.truncate(to: scan.end)
            try file.synchronize()
            mark.length = scan.end
        }
        progress = DeliveryProgress(at: progress.cursor.map { min($0, cursor) })
        return position
    }

    /// A lock only stops those who ask for it.
    private func checkUntouched() throws(SinkError) {
        let status = try file.status()
        guard status.isLinked else {
            throw SinkError(
                .changedOutside,
                "\(path) was deleted while it was written. Start again to go on in a new file; rotate by renaming."
            )
        }
        guard status.length == mark.length else { throw FileRecovery.edited(path: path, cursor: progress.cursor) }
    }
}
