import Glibc
import SluicePostgres

/// The blocking half of ``StandardOutputSink``.
struct StandardOutputWriter: SinkWriter {
    /// Pipes, sockets and terminals have nothing to synchronize.
    private static let unsupported: Set<Int32> = [EINVAL, ENOTSUP, EROFS]

    private let file: OpenFile
    private var progress: DeliveryProgress
    private var isSynchronizable = true

    init(file: OpenFile, cursor: Cursor?) {
        self.file = file
        self.progress = DeliveryProgress(at: cursor)
    }

    mutating func deliver(_ changes: [Change]) throws -> SinkPosition {
        var progress = progress
        var runs = MessageRuns()
        for change in changes {
            if let first = try progress.take(change) { runs.append(change, from: first) }
        }
        if runs.byteCount > 0 {
            try runs.forEachPiece { try file.write($0) }
            if isSynchronizable { isSynchronizable = try file.synchronize(unsupported: Self.unsupported) }
        }
        self.progress = progress
        return SinkPosition(cursor: progress.cursor)
    }

    mutating func rewind(to cursor: Cursor) -> SinkPosition {
        progress = DeliveryProgress(at: progress.cursor.map { min($0, cursor) })
        return SinkPosition(cursor: progress.cursor)
    }
}
