internal import CLibPQ

extension Connection {
    /// Prepares for reading tables: rows that are hidden from the role must be an error, not an absence.
    func setUpForCopying() throws(ReplicationError) {
        try query("set row_security = off")
        if try query("show server_encoding").first?.first == "SQL_ASCII" {
            try query("set client_encoding = sql_ascii")
        }
    }

    /// What the transaction sees.
    ///
    /// - Parameter tellsRunning: Whether the server knows which transactions are under way; a standby does not.
    /// - Returns: The snapshot.
    /// - Throws: What the server answered.
    func currentSnapshot(tellsRunning: Bool) throws(ReplicationError) -> TransactionSnapshot {
        let function = serverVersion >= 130_000 ? "pg_current_snapshot()" : "txid_current_snapshot()"
        let text = try query("select \(function)").first?.first ?? nil
        guard let snapshot = text.flatMap({ TransactionSnapshot($0, tellsRunning: tellsRunning) }) else {
            throw ReplicationError(.server, "The server did not tell its snapshot. Check that it is PostgreSQL.")
        }
        return snapshot
    }

    /// The server's clock, in microseconds since 2000.
    func serverTime() throws(ReplicationError) -> Int64 {
        let sql = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint - 946684800000000"
        return (try query(sql).first?.first ?? nil).flatMap { Int64($0) } ?? 0
    }

    /// Runs a query row by row, so that no more than the page is held.
    ///
    /// - Returns: The rows, and whether there may be more because the page was full.
    func pageRows(
        of sql: String,
        _ columns: CopyColumns,
        limit: Int
    ) throws(ReplicationError) -> (PageRows, isCut: Bool) {
        guard PQsendQuery(handle, sql) == 1, PQsetSingleRowMode(handle) == 1 else {
            throw connectionError()
        }
        var rows = PageRows()
        var failure: ReplicationError?
        var isCut = false
        while let result = PQgetResult(handle) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE where !isCut && failure == nil:
                do throws(ReplicationError) {
                    try append(result, to: &rows, columns)
                } catch {
                    failure = error
                }
                isCut = rows.byteCount >= limit
                if isCut || failure != nil { cancelQuery() }
            case PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK:
                break
            default:
                // What follows a page that is full was cancelled.
                if !isCut, failure == nil { failure = error(of: result) }
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

    private func cancelQuery() {
        guard let cancellation = PQgetCancel(handle) else { return }
        defer { PQfreeCancel(cancellation) }
        var reason = [CChar](repeating: 0, count: 256)
        // Without it, the rest is read and dropped.
        _ = PQcancel(cancellation, &reason, Int32(reason.count))
    }
}
