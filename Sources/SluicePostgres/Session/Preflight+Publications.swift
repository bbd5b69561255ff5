extension Preflight {
    mutating func checkPublications(isStandby: Bool) throws(ReplicationError) {
        for name in options.publications {
            let literal = try connection.literal(name)
            let found = try connection.query("select from pg_publication where pubname = \(literal)")
            guard found.isEmpty else { continue }
            let creation = try creation(of: name)
            guard options.create, !isStandby else {
                throw ReplicationError(
                    .missing,
                    "Publication \"\(name)\" does not exist in database \"\(connection.context.database)\"."
                        + " Create it: \(creation); then create the slot, in this order; or run with --create."
                )
            }
            do {
                try connection.query(creation)
            } catch {
                throw cannotCreate(name, creation, error)
            }
            notices.append("Created publication \"\(name)\".")
            if try hasSlot() {
                notices.append(
                    "Publication \"\(name)\" is younger than slot \"\(options.slot)\": changes from before it make the"
                        + " server say that it does not exist. If that happens, drop the slot and create it again."
                )
            }
        }
    }

    private func creation(of name: String) throws(ReplicationError) -> String {
        var tables: [String] = []
        for table in options.tables {
            var parts: [String] = []
            for part in table.split(separator: ".", maxSplits: 1) {
                parts.append(try connection.identifier(String(part)))
            }
            tables.append(parts.joined(separator: "."))
        }
        let scope = tables.isEmpty ? "FOR ALL TABLES" : "FOR TABLE \(tables.joined(separator: ", "))"
        return "CREATE PUBLICATION \(try connection.identifier(name)) \(scope)"
    }

    private func cannotCreate(_ name: String, _ creation: String, _ error: ReplicationError) -> ReplicationError {
        switch error.sqlState {
        case "42501":
            ReplicationError(
                .noPermission,
                "User \"\(connection.context.user)\" may not create publication \"\(name)\". All tables need a superuser;"
                    + " a list of tables needs their owner with CREATE on the database."
                    + " Run as one of them: \(creation)",
                sqlState: error.sqlState,
                cause: error
            )
        case "42P01", "3F000":
            ReplicationError(
                .missing,
                "Publication \"\(name)\" cannot be created: a table does not exist. Check the names"
                    + " (\(options.tables.joined(separator: ", "))), with their schema.",
                sqlState: error.sqlState,
                cause: error
            )
        default:
            error
        }
    }

    private func hasSlot() throws(ReplicationError) -> Bool {
        let literal = try connection.literal(options.slot)
        return try !connection.query("select from pg_replication_slots where slot_name = \(literal)").isEmpty
    }

    /// An UPDATE or DELETE on a published table without a usable replica identity fails at its writer.
    mutating func noticeTablesWithoutIdentity() throws(ReplicationError) {
        var names: [String] = []
        for name in options.publications { names.append(try connection.literal(name)) }
        guard !names.isEmpty else { return }
        let rows = try connection.query(
            """
            select distinct t.schemaname || '.' || t.tablename
            from pg_publication_tables t
            join pg_publication p on p.pubname = t.pubname and (p.pubupdate or p.pubdelete)
            join pg_namespace n on n.nspname = t.schemaname
            join pg_class c on c.relnamespace = n.oid and c.relname = t.tablename
            where t.pubname in (\(names.joined(separator: ", "))) and (
                c.relreplident = 'n'
                or c.relreplident = 'd' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
                or c.relreplident = 'i' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident)
            ) order by 1
            """
        )
        let tables = rows.compactMap { $0.first ?? nil }
        guard !tables.isEmpty else { return }
        let rest = tables.count > 5 ? " and \(tables.count - 5) more" : ""
        notices.append(
            "UPDATE and DELETE fail for their writers on published tables without a primary key or replica identity:"
                + " \(tables.prefix(5).joined(separator: ", "))\(rest)."
                + " Add a primary key, or run ALTER TABLE ... REPLICA IDENTITY FULL."
        )
    }
}
