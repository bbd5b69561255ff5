internal import CLibPQ

/// Reads pages of tables on a connection of its own, and writes their watermarks.
///
/// Its calls block: it belongs to one thread that may wait.
package final class PageReader {
    /// How a page finds its place in the stream.
    package enum Placing: Sendable, Hashable {
        /// A logical message is written into the log.
        case watermark
        /// The end of the log is compared, because nothing can be written: on a standby, or without the right to.
        case position
    }

    /// The longest that one query may take.
    private static let patience = "5s"

    private let connection: Connection
    private let isStandby: Bool
    private var last: Relation?

    /// How pages find their places.
    package let placing: Placing

    /// Connects.
    ///
    /// - Throws: What went wrong, with what to do.
    package init(_ target: ConnectionTarget) throws(ReplicationError) {
        connection = try Connection(target)
        try connection.setUpForCopying()
        try connection.query("set statement_timeout = '\(Self.patience)'; set synchronous_commit = on")
        isStandby = try connection.query("select pg_is_in_recovery()").first?.first == "t"
        let rights = try connection.query(
            "select bool_and(has_function_privilege(oid, 'execute')) from pg_proc where proname = 'pg_logical_emit_message'"
        )
        let mayWrite = connection.serverVersion >= 140_000 && !isStandby && rights.first?.first == "t"
        placing = mayWrite ? .watermark : .position
    }

    /// The names of the key that a table is copied by, and the last row's; `nil` if there is no row.
    ///
    /// Rows that come behind that one from now on are in the stream: a copy that went on to them might never end.
    ///
    /// - Throws: What the server answered, or that the table cannot be copied.
    package func key(of table: CopyTable) throws(ReplicationError) -> (names: [String], last: RowKey?) {
        let columns = try CopyCatalog.columns(of: table, on: connection)
        let row = try connection.query(table.lastKeyQuery(columns)).first
        let values = (row ?? []).compactMap(\.self)
        return (columns.key.map(\.name), values.count == columns.key.count ? RowKey(values) : nil)
    }

    /// Reads a page.
    ///
    /// - Parameters:
    ///   - number: The page's.
    ///   - table: The table.
    ///   - key: Rows above it; `nil`: from the first.
    ///   - end: Rows up to it; `nil`: to the table's end.
    ///   - limit: At most so many rows.
    ///   - bytes: It ends with the row that has the page reach this size.
    /// - Returns: The page, with the earliest position that it may have if watermarks cannot be written.
    /// - Throws: What the server answered.
    package func read(
        _ number: Int64,
        of table: CopyTable,
        after key: RowKey?,
        through end: RowKey?,
        limit: Int,
        bytes: Int
    ) throws(ReplicationError) -> Page {
        do throws(ReplicationError) {
            // The lock, which any query on the table takes too, comes before the snapshot: so what the catalog says is as
            // old as the rows.
            try connection.query(
                "begin isolation level repeatable read read only; lock table \(table.source) in access share mode"
            )
            let snapshot = try connection.currentSnapshot(tellsRunning: !isStandby)
            var columns = try CopyCatalog.columns(of: table, on: connection)
            // One object for each version of the table, because its primary key is looked up once for each.
            if let last, last.oid == table.oid, last.isSame(as: columns.relation) { columns.relation = last }
            last = columns.relation
            let sql = try table.query(columns, after: key, through: end, limit: limit) {
                (text) throws(ReplicationError) in try connection.literal(text)
            }
            let (rows, isCut) = try connection.pageRows(of: sql, columns, limit: bytes)
            try connection.query("rollback")
            return Page(
                number: number,
                relation: columns.relation,
                snapshot: snapshot,
                rows: rows,
                isLast: !isCut && rows.count < limit,
                position: placing == .position ? try position() : nil,
                time: try connection.serverTime()
            )
        } catch {
            if connection.isOpen { _ = try? connection.query("rollback") }
            throw error
        }
    }

    /// Whether the connection is of use.
    package var isOpen: Bool { connection.isOpen }

    /// Writes a watermark; when this returns, it is committed, and the server will soon send it.
    ///
    /// - Returns: A position behind its message.
    package func write(_ watermark: Watermark) throws(ReplicationError) -> LSN {
        let content = try connection.literal(watermark.content)
        let sql = "select pg_logical_emit_message(true, '\(Watermark.prefix)', \(content))"
        return (try connection.query(sql).first?.first ?? nil).flatMap { LSN($0) } ?? .zero
    }

    /// Every transaction that the rows are as of has committed below it.
    private func position() throws(ReplicationError) -> LSN {
        let function = isStandby ? "pg_last_wal_replay_lsn()" : "pg_current_wal_insert_lsn()"
        guard let text = try connection.query("select \(function)").first?.first ?? nil, let position = LSN(text) else {
            throw ReplicationError(.server, "The server did not tell its log position. Check that it is PostgreSQL.")
        }
        return position
    }
}
