/// Changes as bytes, to be kept outside of memory and made again: what a sink is given is the same.
///
/// A record stands for itself. It names its tables, so each can be read without the one before. All numbers are
/// big-endian.
///
/// ```
/// Int64   how many bytes the messages have, which are the record's last
/// Int32   tables: Int32 length, a Relation message; UInt8 what is known of the key, its columns
/// Int32   changes: UInt8 kind, UInt64 commit LSN, UInt64 index, then
///         of a commit    UInt64 end LSN
///         of messages    Int32 count, Int32 schema changes, Int32 bytes, Int32 labels and those
/// …       the messages, each with its newline
/// ```
package enum ChangeRecord {
    static let messages: UInt8 = 0
    static let undecodable: UInt8 = 1
    static let filtered: UInt8 = 2
    static let commit: UInt8 = 3

    /// What of a change is in a record beside its messages, at most and roughly: to know when a record is full.
    package static func size(of change: Change) -> Int { Int(change.length) + 64 * max(1, change.messageCount) }

    /// Makes a record.
    ///
    /// Of changes without messages only commits and the last one are kept: a position can be at those only.
    ///
    /// - Parameter changes: At least one.
    /// - Returns: The bytes.
    package static func encode(_ changes: ArraySlice<Change>) -> [UInt8] {
        var writer = ChangeRecordWriter(capacity: changes.reduce(64) { $0 + size(of: $1) })
        return writer.encode(changes)
    }
}

/// Appends big-endian numbers, texts and parts of changes.
struct ChangeRecordWriter {
    private var bytes: [UInt8] = []
    private var tables: [Relation] = []

    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func encode(_ changes: ArraySlice<Change>) -> [UInt8] {
        let kept = changes.indices.filter { changes[$0].kind != .filtered || $0 == changes.endIndex - 1 }
        append(kept.reduce(0 as Int64) { $0 + Int64(changes[$1].length) })
        for index in kept { collectTables(of: changes[index]) }
        append(Int32(tables.count))
        for table in tables { append(table) }
        append(Int32(kept.count))
        for index in kept { append(changes[index]) }
        for index in kept {
            let change = changes[index]
            bytes += change.batch.bytes[Int(change.offset)..<Int(change.offset) + Int(change.length)]
        }
        return bytes
    }

    private mutating func collectTables(of change: Change) {
        for number in 0..<change.messageCount {
            guard let label = change.label(ofMessage: number) else { return }
            if let table = label.table { collect(table) }
            if case .table(let before) = label.previous { collect(before) }
        }
    }

    private mutating func collect(_ table: Relation) {
        if place(of: table) == nil { tables.append(table) }
    }

    private func place(of table: Relation) -> Int? {
        // The last one is nearly always the one.
        tables.lastIndex { $0 === table }
    }

    private mutating func append(_ table: Relation) {
        let description = table.encoded
        append(Int32(description.count))
        bytes += description
        switch table.primaryKey {
        case .unresolved: append(UInt8(0))
        case .none: append(UInt8(1))
        case .columns(let places):
            append(UInt8(2))
            append(Int16(places.count))
            for place in places { append(Int16(place)) }
        }
    }

    private mutating func append(_ change: Change) {
        switch change.kind {
        case .messages(let count):
            appendPlace(ChangeRecord.messages, change.cursor)
            appendMessages(change, count: count)
        case .undecodable:
            appendPlace(ChangeRecord.undecodable, change.cursor)
            appendMessages(change, count: 1)
        case .filtered:
            appendPlace(ChangeRecord.filtered, change.cursor)
        case .commit(let endLSN):
            appendPlace(ChangeRecord.commit, change.cursor)
            append(endLSN.rawValue)
        }
    }

    private mutating func appendPlace(_ kind: UInt8, _ cursor: Cursor) {
        append(kind)
        append(cursor.commitLSN.rawValue)
        append(cursor.index)
    }

    private mutating func appendMessages(_ change: Change, count: Int32) {
        append(count)
        append(change.schemaCount)
        append(change.length)
        let labels = (0..<change.messageCount).compactMap { change.label(ofMessage: $0) }
        append(Int32(labels.count))
        for label in labels {
            append(label.action.code)
            append(label.table.flatMap { place(of: $0) }.map { Int32($0) } ?? -1)
            append(label.row.map { Int32($0.lowerBound) - change.offset } ?? 0)
            append(label.row.map { Int32($0.count) } ?? 0)
            switch label.previous {
            case nil: append(UInt8(0))
            case .row(let text):
                append(UInt8(1))
                append(Int32(text.utf8.count))
                bytes += text.utf8
            case .table(let before):
                append(UInt8(2))
                append(Int32(place(of: before) ?? 0))
            }
        }
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

extension MessageAction {
    /// The action's number in a record; once written, it never changes its meaning.
    fileprivate var code: UInt8 {
        switch self {
        case .insert: 0
        case .update: 1
        case .delete: 2
        case .truncate: 3
        case .read: 4
        case .schema: 5
        case .undecodable: 6
        }
    }

    /// The action with a number.
    init?(code: UInt8) {
        let actions: [MessageAction] = [.insert, .update, .delete, .truncate, .read, .schema, .undecodable]
        guard Int(code) < actions.count else { return nil }
        self = actions[Int(code)]
    }
}
