/// A published table whose rows are to be copied.
package struct CopyTable: Hashable, Sendable {
    /// The table's oid, as in the stream.
    package var oid: UInt32

    /// The table's schema.
    package var schema: String

    /// The table's name.
    package var name: String

    /// Whether its rows are those of its partitions, and are published as its own.
    var isPartitioned: Bool

    /// Which rows are published, as SQL; `nil`: all.
    var filter: String?

    /// Which columns are published; `nil`: all.
    var columns: [String]?

    /// Schema and name, for people.
    package var title: String { "\(schema).\(name)" }

    /// The table for a query: rows of tables that inherit from it are published as theirs.
    var source: String {
        "\(isPartitioned ? "" : "only ")\(quotedName(schema)).\(quotedName(name))"
    }
}

/// What of a table is copied, as the catalog has it in the page's own snapshot.
struct CopyColumns: Sendable {
    /// The table as the stream would describe it.
    var relation: Relation

    /// The key's columns, in the key's order, with their types as SQL.
    var key: [(name: String, type: String)]

    /// The key's columns among the relation's.
    var places: [Int]

    /// The key's columns for a query.
    var keyNames: String { key.map { quotedName($0.name) }.joined(separator: ", ") }
}

extension CopyTable {
    /// The query of a page: rows above a key, in the key's order.
    ///
    /// - Parameters:
    ///   - columns: What to read.
    ///   - key: Rows above it; `nil`: from the first.
    ///   - last: Rows up to it; `nil`: to the end.
    ///   - limit: At most so many.
    ///   - literal: Quotes a text.
    /// - Returns: SQL.
    /// - Throws: What `literal` throws.
    func query(
        _ columns: CopyColumns,
        after key: RowKey?,
        through last: RowKey?,
        limit: Int,
        literal: (String) throws(ReplicationError) -> String
    ) throws(ReplicationError) -> String {
        let condition = try condition(columns, after: key, through: last, literal: literal)
        let selected = columns.relation.columns.map { quotedName($0.name) }.joined(separator: ", ")
        return "select \(selected) from \(source)\(condition) order by \(columns.keyNames) limit \(limit)"
    }

    /// The query of the key that so many rows come up to.
    func boundQuery(
        _ columns: CopyColumns,
        after key: RowKey?,
        rows: Int,
        literal: (String) throws(ReplicationError) -> String
    ) throws(ReplicationError) -> String {
        let condition = try condition(columns, after: key, through: nil, literal: literal)
        let names = columns.keyNames
        return "select \(names) from \(source)\(condition) order by \(names) offset \(max(0, rows - 1)) limit 1"
    }

    private func condition(
        _ columns: CopyColumns,
        after key: RowKey?,
        through last: RowKey?,
        literal: (String) throws(ReplicationError) -> String
    ) throws(ReplicationError) -> String {
        var conditions = filter.map { ["(\($0))"] } ?? []
        for (bound, sign) in [(key, ">"), (last, "<=")] {
            guard let bound else { continue }
            guard bound.values.count == columns.key.count else {
                throw ReplicationError(
                    .unsupportedTable,
                    "The key of table \(title) is another one than when its copy began. Copy it anew: sluice backfill "
                        + "restart \(name)."
                )
            }
            var values: [String] = []
            // With its type, because a row's comparison leaves the type of some texts open.
            for (value, column) in zip(bound.values, columns.key) {
                values.append("\(try literal(value))::\(column.type)")
            }
            conditions.append("(\(columns.keyNames)) \(sign) (\(values.joined(separator: ", ")))")
        }
        return conditions.isEmpty ? "" : " where \(conditions.joined(separator: " and "))"
    }

    /// The query of the last row's key.
    func lastKeyQuery(_ columns: CopyColumns) -> String {
        let names = columns.key.map { quotedName($0.name) }
        let condition = filter.map { " where (\($0))" } ?? ""
        let order = names.map { "\($0) desc" }.joined(separator: ", ")
        return "select \(names.joined(separator: ", ")) from \(source)\(condition) order by \(order) limit 1"
    }
}
