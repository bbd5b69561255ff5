/// What the catalog says of tables to copy.
package enum CopyCatalog {
    /// Types from here on are not built in: the stream tells their names, those of domains as the type below.
    private static let firstOIDOfUsers = 10_000

    /// The tables of a publication, as it publishes them: with `publish_via_partition_root` the roots, otherwise the
    /// partitions.
    ///
    /// - Parameters:
    ///   - connection: An ordinary connection to the database; blocks.
    ///   - publication: The publication's name.
    /// - Returns: The tables by their schema and name, each with the names of the partitioned tables above it.
    /// - Throws: What the server answered.
    package static func tables(
        on connection: Connection,
        publication: String
    ) throws(ReplicationError) -> [(table: CopyTable, roots: [String])] {
        let hasLists = connection.serverVersion >= 150_000
        let roots =
            connection.serverVersion >= 120_000
            ? "(select array_to_string(array_agg(r.relid::oid::text), ',') from pg_partition_ancestors(c.oid) r)"
            : "null"
        let rows = try connection.query(
            """
            select c.oid, t.schemaname, t.tablename, c.relkind, \(hasLists ? "t.rowfilter" : "null"), \(roots), \
            \(hasLists ? "x.attname" : "null")
            from pg_publication_tables t
            join pg_namespace n on n.nspname = t.schemaname
            join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
            \(hasLists ? "left join lateral unnest(t.attnames) with ordinality x(attname, place) on true" : "")
            where t.pubname = \(try connection.literal(publication))
            order by 2, 3\(hasLists ? ", x.place" : "")
            """
        )
        var tables: [(table: CopyTable, roots: [String])] = []
        for row in rows where row.count == 7 {
            guard let oid = row[0].flatMap({ UInt32($0) }), let schema = row[1], let name = row[2] else { continue }
            if tables.last?.table.oid != oid {
                let table = CopyTable(
                    oid: oid,
                    schema: schema,
                    name: name,
                    isPartitioned: row[3] == "p",
                    filter: row[4],
                    columns: row[6] == nil ? nil : []
                )
                tables.append((table, row[5]?.split(separator: ",").map(String.init) ?? []))
            }
            if let column = row[6] { tables[tables.count - 1].table.columns?.append(column) }
        }
        return tables
    }

    /// The oid of a table as a user names it, `table` or `schema.table`; `nil` if there is none.
    package static func oid(of name: String, on connection: Connection) throws(ReplicationError) -> String? {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        let schema = parts.count == 2 ? "n.nspname = \(try connection.literal(parts[0])) and " : ""
        let table = try connection.literal(parts.last ?? name)
        let whole = try connection.literal(name)
        return try connection.query(
            """
            select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and (\(schema)c.relname = \(table) or c.relname = \(whole)) limit 1
            """
        ).first?.first ?? nil
    }

    /// The columns of a table as the stream would describe them, and the key that its rows are copied by: that of the
    /// replica identity if it is an index, otherwise the primary key.
    ///
    /// - Throws: What the server answered; `missing` if the table is gone; ``ReplicationError/Code/unsupportedTable`` if
    ///   there is no such key.
    static func columns(of table: CopyTable, on connection: Connection) throws(ReplicationError) -> CopyColumns {
        let version = connection.serverVersion
        let rows = try connection.query(
            """
            select c.relreplident, a.attname, a.atttypid, a.atttypmod, format_type(a.atttypid, -1), (
                select k.place from unnest(i.indkey::int2[]) with ordinality k(number, place)
                where k.number = a.attnum\(version >= 110_000 ? " and k.place <= i.indnkeyatts" : "")
            ), y.nspname, y.typname
            from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            left join lateral (
                with recursive below(oid, base, name, namespace) as (
                    select oid, typbasetype, typname, typnamespace from pg_type where oid = a.atttypid
                    union all
                    select t.oid, typbasetype, typname, typnamespace from pg_type t join below b on t.oid = b.base
                )
                select n.nspname, b.name typname from below b join pg_namespace n on n.oid = b.namespace
                where b.base = 0
            ) y on a.atttypid >= \(firstOIDOfUsers)
            left join pg_index i on i.indrelid = c.oid
                and case when c.relreplident = 'i' then i.indisreplident else i.indisprimary end
            where c.oid = \(table.oid)\(version >= 120_000 ? " and a.attgenerated = ''" : "")
            order by a.attnum
            """
        )
        guard let identity = rows.first?.first ?? nil, let letter = identity.utf8.first else {
            throw ReplicationError(.missing, "Table \(table.title) does not exist any more.")
        }
        var columns: [Column] = []
        var key: [(place: Int, name: String, type: String, column: Int)] = []
        var types: [UInt32: TypeName] = [:]
        for row in rows where row.count == 8 {
            guard let name = row[1], let type = row[2].flatMap({ UInt32($0) }), let typeName = row[4] else { continue }
            guard table.columns?.contains(name) ?? true else { continue }
            if let schema = row[6], let own = row[7] { types[type] = TypeName(oid: type, schema: schema, name: own) }
            let place = row[5].flatMap { Int($0) }
            if let place { key.append((place, name, typeName, columns.count)) }
            columns.append(
                Column(
                    name: name,
                    typeOID: type,
                    typeModifier: row[3].flatMap { Int32($0) } ?? -1,
                    isIdentity: identity == "f" || identity != "n" && place != nil
                )
            )
        }
        let expected = rows.count { $0.count == 8 && $0[5] != nil }
        guard !key.isEmpty, key.count == expected else {
            throw ReplicationError(
                .unsupportedTable,
                key.isEmpty && expected == 0
                    ? "Table \(table.title) has no primary key, so its rows cannot be copied in pages. Add one, or give "
                        + "it a unique index as REPLICA IDENTITY."
                    : "Table \(table.title) cannot be copied: a column of its key is not published."
            )
        }
        key.sort { $0.place < $1.place }
        return CopyColumns(
            relation: Relation(
                oid: table.oid,
                schema: table.schema,
                name: table.name,
                replicaIdentity: letter,
                columns: columns,
                typeNames: types
            ),
            key: key.map { ($0.name, $0.type) },
            places: key.map(\.column)
        )
    }
}
