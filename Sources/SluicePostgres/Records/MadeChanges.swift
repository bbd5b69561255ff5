/// The changes of a record that a sink gets, while they are made.
struct MadeChanges {
    var keys = BatchKeys()
    private var bytes: [UInt8] = []
    private var rowBytes: [UInt8] = []
    private var pieces: [Piece] = []

    /// The row of a change as the server sent it.
    struct Row {
        var table: Relation
        var bytes: UnsafeRawBufferPointer
    }

    private struct Piece {
        var cursor: Cursor
        var kind: Change.Kind
        var schemaCount: Int32
        var end: Int
        var endKey: Int
        var row: (table: Relation, range: Range<Int>)?
    }

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Takes what a sink gets of a change.
    ///
    /// - Parameters:
    ///   - entry: The change.
    ///   - messages: Their bytes.
    ///   - row: Its row, if it has one and the sink reads it.
    ///   - isLast: Whether it is the record's last, whose place is kept in any case.
    ///   - isAccepted: Whether the sink gets messages of a table, by its place; negative if it is not known.
    mutating func append(
        _ entry: RecordEntry,
        _ messages: UnsafeRawBufferPointer,
        row: Row?,
        isLast: Bool,
        isAccepted: (Int32) -> Bool
    ) {
        if case .commit = entry.kind { return append(entry, entry.kind, entry.schemaCount, messages, 0..<0) }
        let accepted = entry.labels.indices.filter { isAccepted(entry.labels[$0].table) }
        if accepted.count == entry.labels.count, entry.kind != .filtered {
            return append(entry, entry.kind, entry.schemaCount, messages, entry.labels.indices, row)
        }
        // A row and its messages are of one table, so that no part of them can be left out.
        appendRuns(of: accepted, entry, messages)
        if isLast, pieces.last?.cursor != entry.cursor {
            append(entry, .filtered, 0, UnsafeRawBufferPointer(rebasing: messages[0..<0]), 0..<0)
        }
    }

    /// Each run of neighbours, as of a truncate of several tables, becomes a change of its own.
    ///
    /// Its first `sub` is that of its first message: as a schema change lowers the first `sub`, so a message that is left out raises it.
    private mutating func appendRuns(of accepted: [Int], _ entry: RecordEntry, _ messages: UnsafeRawBufferPointer) {
        var ends: [Int] = []
        for index in messages.indices where messages[index] == UInt8(ascii: "\n") { ends.append(index + 1) }
        guard ends.count >= entry.labels.count else { return }
        var rest = accepted[...]
        while let first = rest.first {
            let count = zip(rest, first...).prefix { $0 == $1 }.count
            rest = rest.dropFirst(count)
            let start = first == 0 ? 0 : ends[first - 1]
            let sub = Int32(first) - entry.schemaCount
            append(
                entry,
                .messages(count: Int32(count) + sub),
                -sub,
                UnsafeRawBufferPointer(rebasing: messages[start..<ends[first + count - 1]]),
                first..<first + count
            )
        }
    }

    private mutating func append(
        _ entry: RecordEntry,
        _ kind: Change.Kind,
        _ schemaCount: Int32,
        _ messages: UnsafeRawBufferPointer,
        _ labels: Range<Int>,
        _ row: Row? = nil
    ) {
        bytes.append(contentsOf: messages)
        for label in entry.labels[labels] {
            var key = BatchKeys.Entry(action: label.action, table: label.table)
            (key.start, key.length) = (label.start, label.length)
            let previous = label.previous ?? label.before.map { .table(keys.tables[$0]) }
            if let previous {
                key.previous = Int32(keys.previous.count)
                keys.previous.append(previous)
            }
            keys.entries.append(key)
        }
        pieces.append(
            Piece(
                cursor: entry.cursor,
                kind: kind,
                schemaCount: schemaCount,
                end: bytes.count,
                endKey: keys.entries.count,
                row: row.map { ($0.table, rowBytes.count..<rowBytes.count + $0.bytes.count) }
            )
        )
        if let row { rowBytes.append(contentsOf: row.bytes) }
    }

    /// Makes the changes, with numbers from `sequence` on.
    consuming func finish(_ sequence: inout UInt64) -> [Change] {
        let batch = EncodedBatch(bytes: bytes, keys: keys, rows: sentRows(from: sequence))
        var offset = 0
        var key = 0
        return pieces.map { piece in
            defer {
                sequence += 1
                offset = piece.end
                key = piece.endKey
            }
            return Change(
                sequence: sequence,
                cursor: piece.cursor,
                kind: piece.kind,
                batch: batch,
                offset: Int32(clamping: offset),
                length: Int32(clamping: piece.end - offset),
                cost: Int32(clamping: piece.end - offset + ChangeEncoder.overhead + (piece.row?.range.count ?? 0)),
                schemaCount: piece.schemaCount,
                firstKey: piece.endKey > key ? Int32(clamping: key) : -1
            )
        }
    }

    /// The changes that have none get a number, too.
    private func sentRows(from sequence: UInt64) -> [SentRow] {
        zip(sequence..., pieces).compactMap { sequence, piece in
            piece.row.map { SentRow(sequence: sequence, table: $0.table, range: $0.range, bytes: rowBytes) }
        }
    }
}
