import SluicePostgres

/// What to do with the file that is found at the start, from what is remembered of it.
enum FileRecovery {
    /// Decides where to read on in a file that exists.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - found: The file that is there.
    ///   - remembered: What the state file holds.
    /// - Returns: Where to read from; the cursors there must be above the given one.
    /// - Throws: ``SinkError`` if the file is not the one that is remembered, or has lost something.
    static func scanStart(
        path: String,
        found: FileMark,
        remembered: SinkPosition?
    ) throws(SinkError) -> (offset: UInt64, after: Cursor?) {
        guard let remembered else { return (0, nil) }
        let mark = try mark(path: path, remembered)
        if (found.device, found.inode) != (mark.device, mark.inode) {
            throw SinkError(
                .changedOutside,
                "\(path) is another file than the one that was written last (it was \(mark.text), it is "
                    + "\(found.text)). \(wayOut(remembered.cursor))"
            )
        }
        if found.length < mark.length {
            throw SinkError(
                .changedOutside,
                "\(path) has \(found.length) bytes, but \(mark.length) were durable: messages were removed from it. "
                    + wayOut(remembered.cursor)
            )
        }
        return (mark.length, remembered.cursor)
    }

    /// Decides whether a missing file may be created.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - remembered: What the state file holds.
    /// - Returns: Sentences for the user.
    /// - Throws: ``SinkError`` if the state cannot be understood.
    static func startAnew(path: String, remembered: SinkPosition?) throws(SinkError) -> [String] {
        // A file that never got a message leaves nothing to tell.
        guard let remembered, try mark(path: path, remembered).length > 0 else { return [] }
        return ["\(path) is missing, which is taken for a rotation: started a new file\(behind(remembered.cursor))."]
    }

    /// Says that somebody else wrote to the file or cut it.
    static func edited(path: String, cursor: Cursor?) -> SinkError {
        SinkError(.changedOutside, "Something else than Sluice has changed \(path). \(wayOut(cursor))")
    }

    /// Decides whether what lies behind the good lines may be cut.
    ///
    /// With a state it may: nothing behind the mark was ever reported to Postgres, so it will come again. Without one
    /// only an unfinished last line may, since whole lines may be messages that nobody will send again.
    ///
    /// - Parameters:
    ///   - path: The file's path.
    ///   - scan: The good lines.
    ///   - length: The length of the file.
    ///   - hasState: Whether the state file holds something.
    ///   - isUnfinished: Whether there is no newline behind the good lines.
    /// - Returns: Sentences for the user.
    /// - Throws: ``SinkError`` if it may not be cut.
    static func checkCut(
        path: String,
        scan: TailScan,
        length: UInt64,
        hasState: Bool,
        isUnfinished: Bool
    ) throws(SinkError) -> [String] {
        guard scan.end < length else { return [] }
        if !hasState, scan.count == 0 {
            throw SinkError(
                .notOurs,
                "\(path) does not start with a message of Sluice, so it is left as it is. Give another path, or move "
                    + "the file away."
            )
        }
        if !hasState, !isUnfinished {
            throw SinkError(
                .corrupt,
                "The line at byte \(scan.end) of \(path) is not a message above the one before it, other lines "
                    + "follow, and the state file, which would say what may be cut, knows nothing of this file. Use "
                    + "the state that was written with it, or move the file away."
            )
        }
        return ["Cut \(length - scan.end) bytes of an interrupted write from \(path)."]
    }

    private static func mark(path: String, _ remembered: SinkPosition) throws(SinkError) -> FileMark {
        guard let mark = FileMark(remembered.mark) else {
            throw SinkError(
                .corrupt,
                "The state file does not say how long \(path) was (\"\(remembered.mark)\"). "
                    + "Restore the state file, or move both away to start anew."
            )
        }
        return mark
    }

    private static func wayOut(_ cursor: Cursor?) -> String {
        "Put the original back, or move this file away to go on in a new one\(behind(cursor))."
    }

    private static func behind(_ cursor: Cursor?) -> String {
        cursor.map { " behind \($0)" } ?? ""
    }
}
