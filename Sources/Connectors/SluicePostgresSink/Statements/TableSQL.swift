import SluicePostgres

/// The statements for the rows of one table.
///
/// Parameters have no types of their own: the server takes those of the columns, and reads each value as the type's own
/// text.
struct TableSQL {
    private let mapping: TableMapping

    init(_ mapping: TableMapping) {
        self.mapping = mapping
    }

    private typealias Parameters = [ArraySlice<UInt8>?]

    /// Inserts a row, or gives the one with its key these values.
    func upsert(_ row: [ChangedRow.Value], _ columns: [Int], _ key: [Int]) -> Statement {
        var statement = insert(row, columns)
        let others = columns.filter { !key.contains($0) }
        statement.sql += " on conflict (\(names(key).joined(separator: ", "))) do "
        statement.sql +=
            others.isEmpty
            ? "nothing" : "update set \(names(others).map { "\($0) = excluded.\($0)" }.joined(separator: ", "))"
        return statement
    }

    /// Inserts a row.
    func insert(_ row: [ChangedRow.Value], _ columns: [Int]) -> Statement {
        guard !columns.isEmpty else {
            return Statement(sql: "insert into \(mapping.name.quoted) default values", values: [])
        }
        let places = (1...columns.count).map { "$\($0)" }
        return Statement(
            sql: "insert into \(mapping.name.quoted) (\(names(columns).joined(separator: ", "))) "
                + "overriding system value values (\(places.joined(separator: ", ")))",
            values: columns.map { Self.parameter(row[$0]) }
        )
    }

    /// Changes columns of the row with a key.
    func update(_ row: [ChangedRow.Value], _ columns: [Int], _ keyValues: [ArraySlice<UInt8>], _ key: [Int])
        -> Statement
    {
        Statement(
            sql:
                "update \(mapping.name.quoted) set \(assignments(columns)) where \(equal(key, from: columns.count + 1))",
            values: columns.map { Self.parameter(row[$0]) } + keyValues
        )
    }

    /// Deletes the row with a key.
    ///
    /// - Parameters:
    ///   - keyValues: Its key.
    ///   - key: The key's columns.
    ///   - other: Not if this is the same key, as the column's type sees it.
    /// - Returns: The statement.
    func delete(
        _ keyValues: [ArraySlice<UInt8>],
        _ key: [Int],
        unless other: [ArraySlice<UInt8>] = []
    ) -> Statement {
        let exception = other.isEmpty ? "" : " and not (\(equal(key, from: key.count + 1)))"
        return Statement(
            sql: "delete from \(mapping.name.quoted) where \(equal(key, from: 1))\(exception)",
            values: keyValues + other
        )
    }

    /// Deletes one row with the same values.
    func delete(sameAs row: [ChangedRow.Value], _ columns: [Int]) -> Statement {
        Statement(
            sql: "delete from \(mapping.name.quoted) where \(oneRow(columns, from: 1))",
            values: columns.map { Self.parameter(row[$0]) }
        )
    }

    /// Changes one row with the same values as one before.
    func update(
        _ row: [ChangedRow.Value],
        _ columns: [Int],
        sameAs before: [ChangedRow.Value],
        _ compared: [Int]
    ) -> Statement {
        Statement(
            sql:
                "update \(mapping.name.quoted) set \(assignments(columns)) where \(oneRow(compared, from: columns.count + 1))",
            values: columns.map { Self.parameter(row[$0]) } + compared.map { Self.parameter(before[$0]) }
        )
    }

    private static func parameter(_ value: ChangedRow.Value) -> ArraySlice<UInt8>? {
        if case .text(let text) = value { text } else { nil }
    }

    private func names(_ columns: [Int]) -> [String] {
        columns.compactMap { mapping.columns[$0]?.name }
    }

    private func assignments(_ columns: [Int]) -> String {
        names(columns).enumerated().map { "\($1) = $\($0 + 1)" }.joined(separator: ", ")
    }

    private func equal(_ columns: [Int], from first: Int) -> String {
        names(columns).enumerated().map { "\($1) = $\($0 + first)" }.joined(separator: " and ")
    }

    /// Finds one row by its texts: not every type has an equality, and none tells apart what its text does not.
    private func oneRow(_ columns: [Int], from first: Int) -> String {
        let conditions = columns.compactMap { mapping.columns[$0] }.enumerated().map { place, column in
            "\(column.name)::text is not distinct from $\(place + first)::\(column.type)::text"
        }
        let condition = conditions.isEmpty ? "" : " where \(conditions.joined(separator: " and "))"
        return "(tableoid, ctid) = (select tableoid, ctid from \(mapping.name.quoted)\(condition) limit 1)"
    }
}
