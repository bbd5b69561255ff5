import SluicePostgres

/// What a table lacks of what its source has, and the SQL that makes it.
struct TableDefinition {
    let name: TableName
    let source: Relation

    /// The columns that are not there.
    let missing: [Column]

    /// Their types, by their names.
    let types: [String: String]

    /// The statements, in order.
    ///
    /// A new table has the columns of the source and, as its primary key, what tells the source's rows apart. Nothing else
    /// is known of the source: no default, no other constraint, no index.
    func statements(hasSchema: Bool, hasTable: Bool) -> [String] {
        let definitions = missing.map { "\(quotedName($0.name)) \(types[$0.name] ?? "text")" }
        if hasTable {
            let additions = definitions.map { "add column \($0)" }
            return ["alter table \(name.quoted) \(additions.joined(separator: ", "))"]
        }
        var parts = definitions
        if case .columns(let places) = RowIdentity(of: source) {
            parts.append("primary key (\(places.map { quotedName(source.columns[$0].name) }.joined(separator: ", ")))")
        }
        let creation = "create table \(name.quoted) (\(parts.joined(separator: ", ")))"
        return hasSchema ? [creation] : ["create schema \(quotedName(name.schema))", creation]
    }
}
