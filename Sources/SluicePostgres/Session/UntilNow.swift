extension Connection {
    /// The position that "everything up to now" means.
    ///
    /// It is made sure that the server's log is flushed beyond it promptly: with `synchronous_commit` off and an open
    /// transaction that took up to 14 s.
    package func untilNow() throws(ReplicationError) -> LSN {
        let isStandby = try query("select pg_is_in_recovery()").first?.first == "t"
        let function = isStandby ? "pg_last_wal_replay_lsn()" : "pg_current_wal_insert_lsn()"
        guard let text = try query("select \(function)").first?.first ?? nil, let position = LSN(text) else {
            throw ReplicationError(
                .server,
                "The server at \(context.server) did not tell its log position. Check that it is PostgreSQL."
            )
        }
        if !isStandby {
            let identifier = serverVersion >= 130_000 ? "pg_current_xact_id()" : "txid_current()"
            // Two queries: the setting must hold when the transaction that takes the identifier commits.
            try query("set synchronous_commit = on")
            try query("select \(identifier)")
        }
        return position
    }
}
