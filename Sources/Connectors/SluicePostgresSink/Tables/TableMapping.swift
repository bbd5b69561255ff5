import SluicePostgres

/// Where the columns of a table's rows go.
struct TableMapping {
    /// The table in the database.
    let name: TableName

    /// The table as the source's rows have it.
    let source: Relation

    /// What tells rows apart.
    let identity: RowIdentity

    /// The columns of the source, in its order, as SQL writes them; `nil` for one that the database computes itself.
    let columns: [TargetColumn?]

    init(name: TableName, source: Relation, target: TargetTable) {
        self.name = name
        self.source = source
        identity = RowIdentity(of: source)
        columns = source.columns.map { column in
            guard !target.generated.contains(column.name), let type = target.columns[column.name] else { return nil }
            return TargetColumn(name: quotedName(column.name), type: type)
        }
    }
}

/// A column that is written.
struct TargetColumn: Equatable {
    /// As SQL writes it.
    var name: String

    /// Its type in the database, as SQL writes it.
    var type: String
}
