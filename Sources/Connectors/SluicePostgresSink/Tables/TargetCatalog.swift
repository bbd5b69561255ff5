import SluicePostgres

/// A table as it is in the database.
struct TargetTable: Equatable {
    /// The columns' types, by the columns' names.
    var columns: [String: String]

    /// The columns that the database computes.
    var generated: Set<String> = []
}

/// Asks the database for its tables and types.
enum TargetCatalog {
    /// A table; `nil` if there is none of that name.
    static func look(up name: TableName, on connection: Connection) throws -> TargetTable? {
        // Before version 12 there is no attgenerated.
        let rows = try connection.query(
            """
            select a.attname, format_type(a.atttypid, a.atttypmod), coalesce(to_jsonb(a)->>'attgenerated', '') <> ''
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where n.nspname = \(connection.literal(name.schema)) and c.relname = \(connection.literal(name.table))
                and c.relkind in ('r', 'p', 'f', 'v')
            """
        )
        guard !rows.isEmpty else { return nil }
        var table = TargetTable(columns: [:])
        for row in rows {
            guard row.count == 3, let column = row[0], let type = row[1] else { continue }
            table.columns[column] = type
            if row[2] == "t" { table.generated.insert(column) }
        }
        return table
    }

    static func hasSchema(_ name: String, on connection: Connection) throws -> Bool {
        try !connection.query("select from pg_namespace where nspname = \(connection.literal(name))").isEmpty
    }

    /// The types that columns get here: those of the source where there are such, else `text`.
    static func types(of columns: [Column], in table: Relation, on connection: Connection) throws -> [String: String] {
        guard !columns.isEmpty else { return [:] }
        let expressions = columns.map { TypeLookup($0, in: table).sql }
        let row = try connection.query("select \(expressions.joined(separator: ", "))").first ?? []
        var types: [String: String] = [:]
        for (column, type) in zip(columns, row) { types[column.name] = type ?? "text" }
        return types
    }
}
