/// Reads tables as they were in the snapshot of a slot's start, on a connection of its own, in one transaction.
///
/// Its calls block: it belongs to one thread that may wait.
final class SnapshotReader {
    private let connection: Connection
    private let position: LSN
    private let snapshot: TransactionSnapshot
    private let time: Int64
    private var columns: [UInt32: CopyColumns] = [:]

    /// Connects, takes the snapshot over, and keeps the tables from being rewritten: a table that was rewritten or
    /// truncated would look empty from an older snapshot.
    ///
    /// - Throws: What the server answered; `serverSetup` if a table was rewritten in the moment before.
    init(
        _ target: ConnectionTarget,
        _ exported: ExportedSnapshot,
        locking tables: [CopyTable]
    ) throws(ReplicationError) {
        connection = try Connection(target)
        position = exported.position
        try connection.setUpForCopying()
        try connection.query(
            """
            set lock_timeout = '5s'; begin isolation level repeatable read read only; \
            set transaction snapshot \(connection.literal(exported.name))
            """
        )
        for table in tables { try connection.query("lock table \(table.source) in access share mode") }
        let oids = tables.map { String($0.oid) }.joined(separator: ",")
        let rewritten = try connection.query(
            """
            select c.oid::regclass from pg_class c
            where c.oid in (select relid from unnest(array[\(oids)]::regclass[]) t, pg_partition_tree(t)
                union select unnest(array[\(oids)]::regclass[]))
                and pg_relation_filenode(c.oid) is distinct from nullif(c.relfilenode, 0) limit 1
            """
        )
        if let name = rewritten.first?.first ?? nil {
            throw ReplicationError(.serverSetup, "Table \(name) was rewritten or truncated when the slot was made.")
        }
        snapshot = try connection.currentSnapshot(tellsRunning: true)
        time = try connection.serverTime()
    }

    /// The key of the row that so many rows of a table come up to, behind a key; `nil` if there are fewer.
    func bound(of table: CopyTable, after key: RowKey?, rows: Int) throws(ReplicationError) -> RowKey? {
        let columns = try columns(of: table)
        let sql = try table.boundQuery(columns, after: key, rows: rows) { (text) throws(ReplicationError) in
            try connection.literal(text)
        }
        guard let row = try connection.query(sql).first else { return nil }
        return RowKey(row.compactMap(\.self))
    }

    /// Reads a page, see ``PageReader/read(_:of:after:through:limit:bytes:)``.
    func read(
        _ number: Int64,
        of table: CopyTable,
        after key: RowKey?,
        through end: RowKey?,
        limit: Int,
        bytes: Int
    ) throws(ReplicationError) -> Page {
        let columns = try columns(of: table)
        let sql = try table.query(columns, after: key, through: end, limit: limit) { (text) throws(ReplicationError) in
            try connection.literal(text)
        }
        // A query that is ended early is an error, which must not end the transaction.
        try connection.query("savepoint page")
        let (rows, isCut) = try connection.pageRows(of: sql, columns, limit: bytes)
        try connection.query("rollback to savepoint page; release savepoint page")
        return Page(
            number: number,
            relation: columns.relation,
            snapshot: snapshot,
            rows: rows,
            isLast: !isCut && rows.count < limit,
            position: position,
            time: time
        )
    }

    private func columns(of table: CopyTable) throws(ReplicationError) -> CopyColumns {
        if let known = columns[table.oid] { return known }
        let found = try CopyCatalog.columns(of: table, on: connection)
        columns[table.oid] = found
        return found
    }
}
