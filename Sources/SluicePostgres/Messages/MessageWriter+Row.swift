extension MessageWriter {
    /// Appends the message of an Insert, Update or Delete.
    ///
    /// An update that changes the key is two if the writer splits such: the delete of the row with the old key, and the
    /// insert of the one with the new.
    ///
    /// - Returns: The number of messages.
    /// - Throws: Before anything is written, if the row's tuples do not fit the table.
    mutating func appendRow(
        _ message: RowMessage,
        in bytes: UnsafeRawBufferPointer,
        of table: MessageTable
    ) throws(PgOutputError) -> Int32 {
        try row.load(message, in: bytes, columnCount: table.plan.columns.count)
        guard splitsKeyChanges, isKeyChanged(in: bytes, of: table) else {
            appendLoadedRow(message.action, sub: 0, in: bytes, of: table)
            return 1
        }
        let new = row.takeNew()
        appendLoadedRow(.delete, sub: 0, in: bytes, of: table)
        row.putBack(new)
        appendLoadedRow(.insert, sub: 1, in: bytes, of: table)
        return 2
    }

    @inline(__always)
    private mutating func appendLoadedRow(
        _ action: RowMessage.Action,
        sub: Int32,
        in bytes: UnsafeRawBufferPointer,
        of table: MessageTable
    ) {
        let plan = table.plan
        out.append("{\"record\":")
        let hasHoles = appendRecord(in: bytes, of: plan)
        switch action {
        case .insert where batch?.isCopy == true:
            out.append(",\"changes\":null,\"action\":\"read\",\"metadata\":{")
        case .insert:
            out.append(",\"changes\":null,\"action\":\"insert\",\"metadata\":{")
        case .update:
            out.append(",\"changes\":")
            appendChanges(in: bytes, of: plan)
            out.append(",\"action\":\"update\",\"metadata\":{")
        case .delete:
            out.append(",\"changes\":null,\"action\":\"delete\",\"metadata\":{")
        }
        metadata.append(to: &out, table: plan.metadata, sub: sub)
        let keyStart = out.count
        let hasKey = appendKeys(in: bytes, of: table)
        noteKey(from: hasKey ? keyStart : nil, batch?.isCopy == true ? .read : action.told, in: bytes, of: table)
        out.append(metadata.suffix)
        if hasHoles { appendHoles(of: table) }
        out.append("}}\n")
    }

    /// Appends the row, and tells whether values are missing from it.
    @inline(__always)
    private mutating func appendRecord(in bytes: UnsafeRawBufferPointer, of plan: ColumnPlan) -> Bool {
        let start = out.count
        var hasHoles = false
        for column in plan.columns.indices {
            if let value = row.currentValue(column, of: plan) {
                appendMember(value, plan.columns[column], in: bytes, plan.keys)
            } else if isHole(column) {
                hasHoles = true
            }
        }
        closeObject(from: start)
        return hasHoles
    }

    /// Appends the old values of the columns that an update changed.
    private mutating func appendChanges(in bytes: UnsafeRawBufferPointer, of plan: ColumnPlan) {
        let start = out.count
        for column in row.old.indices {
            guard let old = row.oldValue(column, of: plan), !isSame(old, row.new[column], in: bytes) else { continue }
            appendMember(old, plan.columns[column], in: bytes, plan.keys)
        }
        closeObject(from: start)
    }

    @inline(__always)
    private mutating func appendMember(
        _ value: TupleValue,
        _ column: ColumnPlan.Entry,
        in bytes: UnsafeRawBufferPointer,
        _ keys: [UInt8]
    ) {
        out.append(keys, in: column.key)
        if case .text(let range) = value {
            out.appendValue(UnsafeRawBufferPointer(rebasing: bytes[range]), as: column.form)
        } else {
            out.append("null")
        }
    }

    /// Ends an object whose members each began with a comma.
    @inline(__always)
    mutating func closeObject(from start: Int) {
        if out.count == start {
            out.append("{}")
        } else {
            out.replace(at: start, with: UInt8(ascii: "{"))
            out.append(UInt8(ascii: "}"))
        }
    }

    private func isHole(_ column: Int) -> Bool {
        let values = row.new.isEmpty ? row.old : row.new
        return column < values.count && values[column] == .unchangedToast
    }

    private func isSame(_ old: TupleValue, _ new: TupleValue, in bytes: UnsafeRawBufferPointer) -> Bool {
        switch (old, new) {
        case (.text(let old), .text(let new)): old.count == new.count && bytes[old].elementsEqual(bytes[new])
        case (_, .unchangedToast): true
        default: old == new
        }
    }

    /// Appends the key's values in Postgres' text form, or `null` if one of them is not known.
    ///
    /// - Returns: Whether they are known.
    @inline(__always)
    private mutating func appendKeys(in bytes: UnsafeRawBufferPointer, of table: MessageTable) -> Bool {
        guard let columns = table.keyColumns else {
            out.append("null")
            return false
        }
        let start = out.count
        for column in columns {
            guard case .text(let range) = row.currentValue(column, of: table.plan) else {
                out.truncate(to: start)
                out.append("null")
                return false
            }
            out.append(UInt8(ascii: ","))
            out.appendString(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
        out.replace(at: start, with: UInt8(ascii: "["))
        out.append(UInt8(ascii: "]"))
        return true
    }

    /// Remembers what the message belongs to.
    ///
    /// - Parameters:
    ///   - start: Where its key starts, which is the last thing that was written; `nil` if it is not known.
    ///   - action: What the message tells.
    ///   - bytes: Those of the row's batch.
    ///   - table: The row's table.
    @inline(__always)
    private mutating func noteKey(
        from start: Int?,
        _ action: MessageAction,
        in bytes: UnsafeRawBufferPointer,
        of table: MessageTable
    ) {
        var entry = BatchKeys.Entry(action: action, table: table.number)
        if let start, table.isOrderedByKey {
            entry.start = Int32(clamping: start - changeStart)
            entry.length = Int32(clamping: out.count - start)
            if isKeyChanged(in: bytes, of: table) { notePreviousKey(in: &entry, bytes, of: table) }
        }
        keys.entries.append(entry)
    }

    /// Whether an update has given the row another key, by which it is ordered.
    @inline(__always)
    private func isKeyChanged(in bytes: UnsafeRawBufferPointer, of table: MessageTable) -> Bool {
        guard !row.old.isEmpty, !row.new.isEmpty, table.isOrderedByKey, let columns = table.keyColumns else {
            return false
        }
        return columns.contains { column in
            row.oldValue(column, of: table.plan).map { !isSame($0, row.new[column], in: bytes) } ?? false
        }
    }

    /// Remembers the key of the row before an update.
    private mutating func notePreviousKey(
        in entry: inout BatchKeys.Entry,
        _ bytes: UnsafeRawBufferPointer,
        of table: MessageTable
    ) {
        guard let columns = table.keyColumns else { return }
        var text = ByteWriter(capacity: 64)
        for column in columns {
            let value = row.oldValue(column, of: table.plan) ?? row.new[column]
            text.append(text.count == 0 ? UInt8(ascii: "[") : UInt8(ascii: ","))
            if case .text(let range) = value {
                text.appendString(UnsafeRawBufferPointer(rebasing: bytes[range]))
            } else {
                text.append("null")
            }
        }
        text.append(UInt8(ascii: "]"))
        entry.previous = Int32(keys.previous.count)
        keys.previous.append(.row(String(decoding: text.bytes(in: 0..<text.count), as: UTF8.self)))
    }

    /// Appends the names of the columns whose values are stored out of line and were not sent.
    @inline(never)
    private mutating func appendHoles(of table: MessageTable) {
        out.append(",\"unchanged_toast\":")
        let start = out.count
        for column in table.plan.columns.indices
        where row.currentValue(column, of: table.plan) == nil && isHole(column) {
            out.append(UInt8(ascii: ","))
            out.appendString(table.relation.columns[column].name)
        }
        out.replace(at: start, with: UInt8(ascii: "["))
        out.append(UInt8(ascii: "]"))
    }
}

extension RowMessage.Action {
    /// As a message tells it.
    var told: MessageAction {
        switch self {
        case .insert: .insert
        case .update: .update
        case .delete: .delete
        }
    }
}
