/// Checks, before a session starts, everything that would make it fail, and says how to mend it.
package struct Preflight {
    /// What a session is to use.
    package struct Options: Sendable {
        /// The slot's name.
        package var slot: String

        /// The publications' names.
        package var publications: [String]

        /// Tables that a created publication has, as `table` or `schema.table`; all tables if empty.
        package var tables: [String]

        /// Whether to create what is missing.
        package var create: Bool

        /// Whether to receive transactions that are still open.
        package var streaming: StreamingMode

        /// The server once more, if a slot that is created is to come with its snapshot.
        package var snapshotTarget: ConnectionTarget?

        /// Makes options.
        package init(
            slot: String,
            publications: [String],
            tables: [String] = [],
            create: Bool = false,
            streaming: StreamingMode = .auto,
            snapshotTarget: ConnectionTarget? = nil
        ) {
            self.snapshotTarget = snapshotTarget
            self.slot = slot
            self.publications = publications
            self.tables = tables
            self.create = create
            self.streaming = streaming
        }
    }

    /// What was found.
    package struct Report: Sendable {
        /// The server.
        package var server: ServerDescription

        /// The slot.
        package var slot: SlotDescription

        /// Whether open transactions are to be received.
        package var streams: Bool

        /// What the database was when the slot was created, if that is to be copied.
        package var snapshot: ExportedSnapshot?

        /// What the user should know although it does not stop the session; one sentence or two each.
        package var notices: [String]
    }

    let connection: Connection
    let options: Options
    var notices: [String] = []
    var snapshot: ExportedSnapshot?

    /// Checks a server; blocks.
    ///
    /// - Parameters:
    ///   - connection: An ordinary connection to the slot's database.
    ///   - options: What the session is to use.
    /// - Returns: What was found.
    /// - Throws: The first thing that would make a session fail, with what to do.
    package static func run(on connection: Connection, options: Options) throws(ReplicationError) -> Report {
        var preflight = Preflight(connection: connection, options: options)
        preflight.connection.context.slot = options.slot
        preflight.connection.context.publications = options.publications
        let server = try preflight.describeServer()
        let streams = try preflight.checkStreaming(version: server.version)
        try preflight.checkRole()
        // First of all, so that nothing is created for a slot that cannot be used.
        try preflight.checkExistingSlot(server: server)
        // In this order: a publication that is made after the slot's position is not seen by the slot.
        try preflight.checkPublications(isStandby: server.isStandby)
        let slot = try preflight.checkSlot(server: server)
        try preflight.noticeTablesWithoutIdentity()
        return Report(
            server: server,
            slot: slot,
            streams: streams,
            snapshot: preflight.snapshot,
            notices: preflight.notices
        )
    }

    private func describeServer() throws(ReplicationError) -> ServerDescription {
        let server = connection.context.server
        let version = connection.serverVersion
        guard version >= 100_000 else {
            throw ReplicationError(
                .serverSetup,
                "The server at \(server) is too old for logical replication by publications. Use PostgreSQL 10 or newer."
            )
        }
        let row =
            try connection.query(
                """
                select current_setting('wal_level'), current_database(), pg_is_in_recovery(),
                    (select setting from pg_settings where name = 'wal_sender_timeout'),
                    (select system_identifier from pg_control_system()),
                    case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint())::text
                        else substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) end,
                    case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end
                """
            ).first ?? []
        guard row.count == 7 else { throw unexpected("its settings") }
        guard row[0] == "logical" else {
            throw ReplicationError(.serverSetup, ErrorContext.walLevel(server: server))
        }
        let isStandby = row[2] == "t"
        return ServerDescription(
            version: version,
            systemIdentifier: row[4] ?? "",
            timeline: row[5].flatMap { UInt32($0, radix: isStandby ? 10 : 16) } ?? 0,
            logEnd: row[6].flatMap { LSN($0) } ?? .zero,
            database: row[1] ?? "",
            isStandby: isStandby,
            walSenderTimeout: row[3].flatMap { Int($0) } ?? 60_000
        )
    }

    private func checkRole() throws(ReplicationError) {
        // Amazon's servers give the right by membership in a role of theirs.
        let row = try connection.query(
            """
            select r.rolreplication or r.rolsuper or exists (
                select from pg_roles g where g.rolname = 'rds_replication' and pg_has_role(current_user, g.oid, 'member')
            ) from pg_roles r where r.rolname = current_user
            """
        ).first
        guard row?.first == "t" else {
            let user = connection.context.user
            throw ReplicationError(
                .noPermission,
                "User \"\(user)\" may not replicate from the server at \(connection.context.server)."
                    + " Run ALTER ROLE \(quotedName(user)) REPLICATION as a superuser"
                    + " (Amazon RDS: GRANT rds_replication TO \(quotedName(user)))."
            )
        }
    }

    func unexpected(_ what: String) -> ReplicationError {
        ReplicationError(
            .server,
            "The server at \(connection.context.server) did not tell \(what). Check that it is PostgreSQL."
        )
    }
}
