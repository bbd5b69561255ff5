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
        // Rows that are hidden from the role must be an error, not an absence.
        try connection.query(
            "set statement_timeout = '\(Self.patience)'; set row_security = off; set synchronous_commit = on"
        )
        if try connection.query("show server_encoding").first?.first == "SQL_ASCII" {
            try connection.query("set client_encoding = sql_ascii")
        }
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
            let function = connection.serverVersion >= 130_000 ? "pg_current_snapshot()" : "txid_current_snapshot()"
            let text = try connection.query("select \(function)").first?.first ?? nil
            // A standby does not tell which transactions are under way.
            guard let snapshot = text.flatMap({ TransactionSnapshot($0, tellsRunning: !isStandby) }) else {
                throw ReplicationError(.server, "The server did not tell its snapshot. Check that it is PostgreSQL.")
            }
            var columns = try CopyCatalog.columns(of: table, on: connection)
            // One object for each version of the table, because its primary key is looked up once for each.
            if let last, last.oid == table.oid, last.isSame(as: columns.relation) { columns.relation = last }
            last = columns.relation
            let sql = try table.query(columns, after: key, through: end, limit: limit) {
                (text) throws(ReplicationError) in try connection.literal(text)
            }
            let (rows, isCut) = try rows(of: sql, columns, limit: bytes)
            try connection.query("rollback")
            return Page(
                number: number,
                relation: columns.relation,
                snapshot: snapshot,
                rows: rows,
                isLast: !isCut && rows.count < limit,
                position: placing == .position ? try position() : nil,
                time: try time()
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

    /// The server's clock, in microseconds since 2000.
    private func time() throws(ReplicationError) -> Int64 {
        let sql = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint - 946684800000000"
        return (try connection.query(sql).first?.first ?? nil).flatMap { Int64($0) } ?? 0
    }

    /// Runs a query row by row, so that no more than the page is held.
    ///
    /// - Returns: The rows, and whether there may be more because the page was full.
    private func rows(
        of sql: String,
        _ columns: CopyColumns,
        limit: Int
    ) throws(ReplicationError) -> (PageRows, isCut: Bool) {
        guard PQsendQuery(connection.handle, sql) == 1, PQsetSingleRowMode(connection.handle) == 1 else {
            throw connection.connectionError()
        }
        var rows = PageRows()
        var failure: ReplicationError?
        var isCut = false
        while let result = PQgetResult(connection.handle) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE where !isCut && failure == nil:
                do throws(ReplicationError) {
                    try append(result, to: &rows, columns)
                } catch {
                    failure = error
                }
                isCut = rows.byteCount >= limit
                if isCut || failure != nil { cancel() }
            case PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK:
                break
            default:
                // What follows a page that is full was cancelled.
                if !isCut, failure == nil { failure = connection.error(of: result) }
            }
        }
        if let failure { throw failure }
        return (rows, isCut)
    }

    private func append(
        _ result: OpaquePointer,
        to rows: inout PageRows,
        _ columns: CopyColumns
    ) throws(ReplicationError) {
        let values = (0..<PQnfields(result)).map { column -> UnsafeRawBufferPointer? in
            guard PQgetisnull(result, 0, column) == 0, let value = PQgetvalue(result, 0, column) else { return nil }
            return UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, 0, column)))
        }
        var key: [String] = []
        for place in columns.places {
            guard place < values.count, let bytes = values[place], let text = String(validating: bytes, as: UTF8.self)
            else {
                throw ReplicationError(
                    .unsupportedTable,
                    "Table \(columns.relation.schema).\(columns.relation.name) cannot be copied: a key in it is not "
                        + "UTF-8, or has no value."
                )
            }
            key.append(text)
        }
        rows.append(table: columns.relation.oid, values, key: RowKey(key))
    }

    private func cancel() {
        guard let cancellation = PQgetCancel(connection.handle) else { return }
        defer { PQfreeCancel(cancellation) }
        var reason = [CChar](repeating: 0, count: 256)
        // Without it, the rest is read and dropped.
        _ = PQcancel(cancellation, &reason, Int32(reason.count))
    }
}
