/// Makes changes from records, one behind the other, for one sink.
///
/// The changes get dense numbers of their own. Those of other tables than the sink's leave nothing but the last change's
/// place: so that the sink's position moves on.
package struct ChangeRecordReader {
    /// Descriptions that were read before, so that neighbouring records share their tables.
    private var known: [ArraySlice<UInt8>: Relation] = [:]
    private var sequence: UInt64 = 0
    private let filter: TableFilter
    private let after: Cursor?
    private let keepsRows: Bool

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - filter: Messages of other tables are left out; one whose table is not known goes to everybody.
    ///   - after: Changes at or below it are left out; `nil`: none.
    ///   - keepsRows: Rows that are in the records stay beside their messages, see ``Change/row``, and count for the
    ///     budget.
    package init(filter: TableFilter = .all, after: Cursor? = nil, keepsRows: Bool = false) {
        self.filter = filter
        self.after = after
        self.keepsRows = keepsRows
    }

    /// Makes the changes of a record.
    ///
    /// - Parameter bytes: What ``ChangeRecord/encode(_:)`` made.
    /// - Returns: In their order; empty if all are at or below ``after``.
    /// - Throws: If the bytes are not a record.
    package mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(PgOutputError) -> [Change] {
        var reader = ByteReader(bytes, message: "Log record")
        let messages = try reader.readCount(Int64.self, "length of the messages")
        guard messages <= reader.remaining else {
            throw reader.failure(.truncated, "length of the messages", "is beyond the end")
        }
        var source = bytes.count - messages
        var made = MadeChanges(capacity: messages)
        let tableCount = try reader.readCount(Int32.self, "number of tables")
        for _ in 0..<tableCount { made.keys.tables.append(try table(&reader)) }
        let accepted = made.keys.tables.map { filter.accepts($0) }
        let count = try reader.readCount(Int32.self, "number of changes")
        for number in 0..<count {
            let entry = try entry(&reader, made.keys.tables.count)
            let end = source + Int(entry.length)
            guard end <= bytes.count else { throw reader.failure(.truncated, "messages", "are cut short") }
            let part = UnsafeRawBufferPointer(rebasing: bytes[source..<end])
            source = end
            if let after, entry.lastCursor <= after { continue }
            let row =
                keepsRows
                ? entry.row.map { row in
                    MadeChanges.Row(
                        table: made.keys.tables[row.table],
                        bytes: UnsafeRawBufferPointer(rebasing: bytes[row.message])
                    )
                } : nil
            made.append(entry, part, row: row, isLast: number == count - 1) { $0 < 0 || accepted[Int($0)] }
        }
        return made.finish(&sequence)
    }

    private mutating func table(_ reader: inout ByteReader) throws(PgOutputError) -> Relation {
        let start = reader.position
        let length = try reader.readCount(Int32.self, "length of a table's description")
        let description = try reader.readBytes(count: length, "table's description")
        let code = try reader.read(UInt8.self, "primary key")
        let key = try primaryKey(code & ~ChangeRecord.hasTypes, &reader)
        let types = code & ChangeRecord.hasTypes == 0 ? [:] : try typeNames(&reader)
        let all = ArraySlice(reader.bytes[start..<reader.position])
        if let relation = known[all] { return relation }
        let relation = try Relation(
            decoding: UnsafeRawBufferPointer(rebasing: reader.bytes[description]),
            types: types
        )
        if case .columns(let places) = key, places.contains(where: { !relation.columns.indices.contains($0) }) {
            throw reader.failure(.truncated, "primary key", "names a column that is not there")
        }
        relation.setPrimaryKey(key)
        if known.count >= 1024 { known = [:] }
        known[all] = relation
        return relation
    }

    private func primaryKey(_ code: UInt8, _ reader: inout ByteReader) throws(PgOutputError) -> PrimaryKey {
        switch code {
        case 0: return .unresolved
        case 1: return .none
        default:
            var places: [Int] = []
            let count = try reader.readCount(Int16.self, "primary key")
            for _ in 0..<count { places.append(try reader.readCount(Int16.self, "primary key's column")) }
            return .columns(places)
        }
    }

    private func typeNames(_ reader: inout ByteReader) throws(PgOutputError) -> [UInt32: TypeName] {
        var types: [UInt32: TypeName] = [:]
        for _ in 0..<(try reader.readCount(Int16.self, "number of types")) {
            let oid = try reader.read(UInt32.self, "type")
            let schema = try text(&reader, "schema of a type")
            types[oid] = TypeName(oid: oid, schema: schema, name: try text(&reader, "name of a type"))
        }
        return types
    }

    private func text(_ reader: inout ByteReader, _ field: StaticString) throws(PgOutputError) -> String {
        let text = try reader.readBytes(count: try reader.readCount(Int32.self, field), field)
        return String(decoding: UnsafeRawBufferPointer(rebasing: reader.bytes[text]), as: UTF8.self)
    }

    private func entry(_ reader: inout ByteReader, _ tables: Int) throws(PgOutputError) -> RecordEntry {
        let kind = try reader.read(UInt8.self, "kind")
        let cursor = Cursor(
            commitLSN: LSN(rawValue: try reader.read(UInt64.self, "commit LSN")),
            index: try reader.read(UInt64.self, "index")
        )
        switch kind {
        case ChangeRecord.commit:
            let end = LSN(rawValue: try reader.read(UInt64.self, "end LSN"))
            return RecordEntry(cursor: cursor, kind: .commit(endLSN: end))
        case ChangeRecord.filtered:
            return RecordEntry(cursor: cursor, kind: .filtered)
        case ChangeRecord.messages, ChangeRecord.undecodable, ChangeRecord.messagesWithRow:
            let count = try reader.read(Int32.self, "number of messages")
            let schemaCount = try reader.read(Int32.self, "number of schema changes")
            var entry = RecordEntry(
                cursor: cursor,
                kind: kind == ChangeRecord.undecodable ? .undecodable : .messages(count: count),
                schemaCount: schemaCount,
                length: Int32(try reader.readCount(Int32.self, "length of a change's messages"))
            )
            let labels = try reader.readCount(Int32.self, "number of labels")
            let messages = Int(kind == ChangeRecord.undecodable ? 1 : count) + Int(schemaCount)
            guard messages >= 0, labels == 0 || labels == messages, abs(Int(schemaCount)) < 1 << 20, count < 1 << 20
            else { throw reader.failure(.negative, "number of messages", "is wrong") }
            for _ in 0..<labels {
                entry.labels.append(try label(&reader, tables, within: entry.length))
            }
            if kind == ChangeRecord.messagesWithRow {
                let table = try reader.readCount(Int32.self, "table of a row")
                guard table < tables else { throw reader.failure(.truncated, "table of a row", "is not there") }
                let length = try reader.readCount(Int32.self, "length of a row")
                entry.row = RecordEntry.Row(table: table, message: try reader.readBytes(count: length, "row"))
            }
            return entry
        default:
            throw reader.failure(.unknownMessage, "kind", "is not known")
        }
    }

    private func label(
        _ reader: inout ByteReader,
        _ tables: Int,
        within length: Int32
    ) throws(PgOutputError) -> RecordEntry.Label {
        guard let action = MessageAction(code: try reader.read(UInt8.self, "action")) else {
            throw reader.failure(.unknownMessage, "action", "is not known")
        }
        let table = try reader.read(Int32.self, "table")
        let start = try reader.readCount(Int32.self, "start of a key")
        let size = try reader.readCount(Int32.self, "length of a key")
        guard table < Int32(tables), start + size <= Int(length) else {
            throw reader.failure(.truncated, "label", "points behind the end")
        }
        var previous: BatchKeys.Previous?
        switch try reader.read(UInt8.self, "kind of the key before") {
        case 0: break
        case 1:
            previous = .row(try text(&reader, "key before"))
        default:
            let place = try reader.readCount(Int32.self, "table before")
            guard place < tables else { throw reader.failure(.truncated, "table before", "is not there") }
            return RecordEntry.Label(
                action: action,
                table: table,
                start: Int32(start),
                length: Int32(size),
                before: place
            )
        }
        return RecordEntry.Label(
            action: action,
            table: table,
            start: Int32(start),
            length: Int32(size),
            previous: previous
        )
    }
}
