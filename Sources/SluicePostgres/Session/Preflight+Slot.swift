extension Preflight {
    func checkExistingSlot(server: ServerDescription) throws(ReplicationError) {
        if let row = try slotRow(version: server.version) { _ = try check(row, database: server.database) }
    }

    mutating func checkSlot(server: ServerDescription) throws(ReplicationError) -> SlotDescription {
        if let row = try slotRow(version: server.version) { return try check(row, database: server.database) }
        let name = options.slot
        guard options.create else {
            throw ReplicationError(
                .missing,
                "Slot \"\(name)\" does not exist in database \"\(server.database)\". Create it:"
                    + " select pg_create_logical_replication_slot('\(name)', 'pgoutput'); or run with --create."
            )
        }
        do {
            if let target = options.snapshotTarget, server.version >= 120_000, !server.isStandby {
                snapshot = try ExportedSnapshot(creating: name, target)
            } else {
                let literal = try connection.literal(name)
                try connection.query("select pg_create_logical_replication_slot(\(literal), 'pgoutput')")
            }
        } catch  where error.sqlState == "53400" {
            throw try slotsFull(error)
        } catch  where error.sqlState == "42602" {
            throw ReplicationError(
                .badURL,
                "\"\(name)\" cannot be a slot's name. Use lower-case letters, digits and underscores, at most 63.",
                sqlState: error.sqlState,
                cause: error
            )
        }
        guard let row = try slotRow(version: server.version) else { throw unexpected("of slot \"\(name)\"") }
        var slot = try check(row, database: server.database)
        slot.wasCreated = true
        return slot
    }

    private func slotRow(version: Int) throws(ReplicationError) -> [String?]? {
        let status = version >= 130_000 ? "wal_status" : "null"
        let twoPhase = version >= 140_000 ? "two_phase" : "false"
        return try connection.query(
            """
            select plugin, database, active_pid, \(status), confirmed_flush_lsn, restart_lsn,
                \(twoPhase)
            from pg_replication_slots where slot_name = \(connection.literal(options.slot))
            """
        ).first
    }

    private func check(_ row: [String?], database: String) throws(ReplicationError) -> SlotDescription {
        guard row.count == 7 else { throw unexpected("of slot \"\(options.slot)\"") }
        let name = options.slot
        guard row[0] == "pgoutput" else {
            let kind = row[0].map { "uses the plugin \($0)" } ?? "is a physical slot"
            throw unusable("Slot \"\(name)\" \(kind), not pgoutput. Use another slot.")
        }
        guard row[1] == database else {
            throw unusable(
                "Slot \"\(name)\" belongs to database \"\(row[1] ?? "")\", not \"\(database)\"."
                    + " Connect to that database or use another slot."
            )
        }
        guard row[6] != "t" else {
            throw unusable(
                "Slot \"\(name)\" was made for two-phase commit: it sends transactions when they are prepared, before it is"
                    + " known whether they commit. Use a slot that was made without two_phase."
            )
        }
        guard row[3] != "lost" else {
            throw unusable(
                "The server has removed log that slot \"\(name)\" still needed (max_slot_wal_keep_size): changes are lost."
                    + " Drop it (select pg_drop_replication_slot('\(name)')), create it again and load the tables anew."
            )
        }
        if let pid = row[2] {
            throw ReplicationError(.slotInUse, slotIsRead(name, by: pid))
        }
        guard let confirmed = row[4].flatMap({ LSN($0) }) else {
            throw unusable(
                "Slot \"\(name)\" is still being created: its creation waits for transactions that were open then."
                    + " End them, or drop the slot and create it again."
            )
        }
        return SlotDescription(
            name: name,
            confirmedFlush: confirmed,
            restart: row[5].flatMap { LSN($0) },
            wasCreated: false
        )
    }

    private func slotsFull(_ error: ReplicationError) throws(ReplicationError) -> ReplicationError {
        let rows = try connection.query(
            "select slot_name from pg_replication_slots where not active order by 1 limit 5"
        )
        let idle = rows.compactMap { $0.first ?? nil }
        let advice = idle.isEmpty ? "" : " drop one that nobody reads (\(idle.joined(separator: ", "))), or"
        return ReplicationError(
            .serverSetup,
            "Slot \"\(options.slot)\" cannot be created: all of the server's replication slots are taken."
                + " Either\(advice) raise max_replication_slots and restart the server.",
            sqlState: error.sqlState,
            cause: error
        )
    }

    private func unusable(_ message: String) -> ReplicationError {
        ReplicationError(.slotUnusable, message)
    }
}
