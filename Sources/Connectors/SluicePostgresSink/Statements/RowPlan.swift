import SluicePostgres
import SluiceSinks

/// What is done for a row: pure.
enum RowPlan {
    /// The statements that make the table what it is after the change; none if nothing is told that could change.
    ///
    /// - Parameters:
    ///   - row: The change.
    ///   - mapping: Its table.
    ///   - cursor: Its place, for messages.
    /// - Returns: The statements, in order.
    /// - Throws: ``SinkError`` if the row does not say which one it is.
    static func statements(
        for row: ChangedRow,
        _ mapping: TableMapping,
        at cursor: Cursor
    ) throws(SinkError) -> [Statement] {
        let sql = TableSQL(mapping)
        guard case .columns(let key) = mapping.identity else { return wholeRow(row, sql, mapping) }
        guard row.action != .delete else {
            return [sql.delete(try values(key, row.before, cursor, mapping), key)]
        }
        let new = try values(key, row.after, cursor, mapping)
        let old = row.before.isEmpty ? new : zip(key, new).map { known(row.before[$0]) ?? $1 }
        let told = mapping.columns.indices.filter { mapping.columns[$0] != nil && row.after[$0] != .unknown }
        let isWhole = told.count == mapping.columns.count { $0 != nil }
        if isWhole {
            let upsert = sql.upsert(row.after, told, key)
            return old == new ? [upsert] : [sql.delete(old, key), upsert]
        }
        // A row with unknown values can only be one that is there already.
        let changed = told.filter { old != new || !key.contains($0) }
        guard !changed.isEmpty else { return [] }
        let update = sql.update(row.after, changed, old, key)
        return old == new ? [update] : [sql.delete(new, key, unless: old), update]
    }

    /// Rows without a key: each insert is a new row, and one row with the same values is changed or deleted.
    private static func wholeRow(_ row: ChangedRow, _ sql: TableSQL, _ mapping: TableMapping) -> [Statement] {
        let told = mapping.columns.indices.filter { column in
            mapping.columns[column] != nil && (row.after.isEmpty || row.after[column] != .unknown)
        }
        let compared = mapping.columns.indices.filter { column in
            mapping.columns[column] != nil && !row.before.isEmpty && row.before[column] != .unknown
        }
        switch row.action {
        case .delete: return [sql.delete(sameAs: row.before, compared)]
        case .update where !row.before.isEmpty: return [sql.update(row.after, told, sameAs: row.before, compared)]
        default: return [sql.insert(row.after, told)]
        }
    }

    private static func values(
        _ key: [Int],
        _ row: [ChangedRow.Value],
        _ cursor: Cursor,
        _ mapping: TableMapping
    ) throws(SinkError) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        for place in key {
            guard place < row.count, let value = known(row[place]) else {
                throw SinkError(
                    .refused,
                    "The change at \(cursor) does not say which row of \(mapping.name.quoted) it is of: the column "
                        + "\(quotedName(mapping.source.columns[place].name)) of its key is missing."
                )
            }
            values.append(value)
        }
        return values
    }

    private static func known(_ value: ChangedRow.Value) -> ArraySlice<UInt8>? {
        if case .text(let text) = value { text } else { nil }
    }
}
