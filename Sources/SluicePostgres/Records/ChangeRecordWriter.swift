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
        if let row = change.sentRow { collect(row.table) }
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
        let types = table.typeNames.isEmpty ? 0 : ChangeRecord.hasTypes
        switch table.primaryKey {
        case .unresolved: append(0 | types)
        case .none: append(1 | types)
        case .columns(let places):
            append(2 | types)
            append(Int16(places.count))
            for place in places { append(Int16(place)) }
        }
        if types != 0 { append(table.typeNames) }
    }

    private mutating func append(_ types: [UInt32: TypeName]) {
        append(Int16(types.count))
        for (oid, type) in types.sorted(by: { $0.key < $1.key }) {
            append(oid)
            append(text: type.schema)
            append(text: type.name)
        }
    }

    private mutating func append(_ change: Change) {
        switch change.kind {
        case .messages(let count):
            let row = change.sentRow
            appendPlace(row == nil ? ChangeRecord.messages : ChangeRecord.messagesWithRow, change.cursor)
            appendMessages(change, count: count)
            if let row { append(row) }
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
                append(text: text)
            case .table(let before):
                append(UInt8(2))
                append(Int32(place(of: before) ?? 0))
            }
        }
    }

    private mutating func append(_ row: SentRow) {
        append(Int32(place(of: row.table) ?? 0))
        append(Int32(row.range.count))
        bytes += row.bytes[row.range]
    }

    private mutating func append(text: String) {
        append(Int32(text.utf8.count))
        bytes += text.utf8
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
