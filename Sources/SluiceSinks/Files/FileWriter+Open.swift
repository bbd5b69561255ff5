import Glibc
import SluicePostgres

extension FileWriter {
    /// Opens, locks and repairs the file, or creates it.
    static func open(path: String, remembered: SinkPosition?) throws -> (FileWriter, SinkOpening) {
        // Non-blocking, so that a path that leads to a named pipe or a device is refused instead of waited for.
        let flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK
        guard let file = try OpenFile.open(path, flags: flags) else {
            let notices = try FileRecovery.startAnew(path: path, remembered: remembered)
            // Exclusive: what appears in between belongs to another process that starts just now.
            guard let file = try OpenFile.open(path, flags: flags | O_CREAT | O_EXCL) else { throw inUse(path) }
            return try start(path: path, file: file, cursor: remembered?.cursor, notices: notices)
        }
        guard try file.status().isRegular else {
            throw SinkError(.unusablePath, "\(path) is not a regular file. Give the path of a file.")
        }
        guard try file.lock() else { throw inUse(path) }
        return try recover(path: path, file: file, remembered: remembered)
    }

    private static func start(
        path: String,
        file: OpenFile,
        cursor: Cursor?,
        notices: [String]
    ) throws -> (FileWriter, SinkOpening) {
        guard try file.lock() else { throw inUse(path) }
        try OpenFile.synchronizeFolder(of: path)
        let writer = FileWriter(path: path, file: file, mark: FileMark(try file.status()), cursor: cursor)
        return (writer, SinkOpening(position: writer.position, notices: notices))
    }

    private static func recover(
        path: String,
        file: OpenFile,
        remembered: SinkPosition?
    ) throws -> (FileWriter, SinkOpening) {
        var mark = FileMark(try file.status())
        let start = try FileRecovery.scanStart(path: path, found: mark, remembered: remembered)
        if start.offset > 0, try file.byte(at: start.offset - 1) != UInt8(ascii: "\n") {
            throw FileRecovery.edited(path: path, cursor: remembered?.cursor)
        }
        let scan = try TailScan(after: start.after, reader: file.lines(from: start.offset))
        let notices = try FileRecovery.checkCut(
            path: path,
            scan: scan,
            length: mark.length,
            hasState: remembered != nil,
            isUnfinished: try remembered != nil || !file.hasNewline(in: scan.end..<mark.length)
        )
        if scan.end < mark.length { try file.truncate(to: scan.end) }
        mark.length = scan.end
        // Also what was written whole may be only in the system's memory yet, and so may the folder's entry.
        try file.synchronize()
        try OpenFile.synchronizeFolder(of: path)
        let writer = FileWriter(path: path, file: file, mark: mark, cursor: scan.cursor)
        // A write may have ended between two messages of one change, in this life or, with nothing delivered since, in one
        // before it: so the change is sent again even if nothing new was found.
        let opening = SinkOpening(
            position: writer.position,
            mayEndInsideChange: scan.cursor.map { $0.index != Cursor.commitIndex } ?? false,
            notices: notices
        )
        return (writer, opening)
    }

    private static func inUse(_ path: String) -> SinkError {
        SinkError(.inUse, "Another process writes to \(path). Stop it, or give another path.")
    }
}
