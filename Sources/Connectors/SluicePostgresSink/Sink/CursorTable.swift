import SluicePostgres
import SluiceSinks

/// The table `sluice.cursors`, in which each sink has a row with its source and its position, and the lock that keeps a
/// row to one process.
struct CursorTable {
    /// The row's name.
    let name: String

    /// For messages.
    let target: ConnectionTarget

    /// The first half of the lock's key, so that it meets no lock of an application; the second is the row's name.
    private static let space = 0x736C_7572

    private static let definition = """
        create table sluice.cursors (
            name text primary key, system_identifier text not null, timeline integer not null, slot text not null,
            commit_lsn pg_lsn, commit_idx numeric(20), sub integer, written_at timestamptz not null default now()
        );
        create table sluice.dead_letters (
            cursor text not null, commit_lsn pg_lsn not null, commit_idx numeric(20) not null, sub integer not null,
            reason text not null, message text not null, buried_at timestamptz not null default now(),
            primary key (cursor, commit_lsn, commit_idx, sub)
        )
        """

    /// Takes the lock, makes the tables if they are missing, and says which source the row belongs to.
    ///
    /// - Parameters:
    ///   - connection: Holds the lock as long as it lives.
    ///   - source: Where the changes come from.
    ///   - former: A process of the server that is to be ended if it has the lock.
    /// - Returns: The stored position; `nil` if nothing was stored yet.
    /// - Throws: ``SluiceSinks/SinkError``, or what the server answered.
    func claim(_ connection: Connection, for source: SourceIdentity, replacing former: Int?) throws -> Cursor? {
        try connection.query(
            """
            set application_name = 'sluice sink'; set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; \
            set tcp_keepalives_count = 3; \
            select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'
            """
        )
        try refuseItself(connection, source)
        try lock(connection, replacing: former)
        try create(connection)
        return try mayUse { try own(connection, source) }
    }

    /// Sets the position, if it is still the one that this process stored last: else no row is touched.
    func advance(from start: Cursor?, to end: Cursor) -> Statement {
        Statement(
            sql: """
                update sluice.cursors set commit_lsn = $1, commit_idx = $2, sub = $3, written_at = now() where name = $4
                and (commit_lsn, commit_idx, sub) is not distinct from ($5::pg_lsn, $6::numeric, $7::integer)
                """,
            values: Self.values(end) + [text(name)] + Self.values(start)
        )
    }

    /// Keeps the message of a row that is in no table.
    func bury(_ cursor: Cursor, _ message: UnsafeRawBufferPointer, reason: String) -> Statement {
        Statement(
            sql: """
                insert into sluice.dead_letters (commit_lsn, commit_idx, sub, cursor, reason, message)
                values ($1, $2, $3, $4, $5, $6) on conflict do nothing
                """,
            values: Self.values(cursor) + [text(name), text(reason), ArraySlice(message)]
        )
    }

    /// Says that somebody else has moved the position.
    func takenOver(_ connection: Connection) throws -> SinkError {
        let stored = try read(connection)
        return SinkError(
            .takenOver,
            "Another process has written to \(target): the position \"\(name)\" is \(stored?.description ?? "the start") "
                + "there. This process stops, and nothing of its last batch was kept; let only one write."
        )
    }

    private static func values(_ cursor: Cursor?) -> [ArraySlice<UInt8>?] {
        guard let cursor else { return [nil, nil, nil] }
        return [cursor.commitLSN.description, String(cursor.index), String(cursor.sub)].map { ArraySlice($0.utf8) }
    }

    private func text(_ text: String) -> ArraySlice<UInt8> { ArraySlice(text.utf8) }

    /// Each change would be a change of the same database, without end.
    private func refuseItself(_ connection: Connection, _ source: SourceIdentity) throws {
        // Where the server does not tell its identifier, the slot's name has to do.
        let identifier = try? connection.query("select system_identifier from pg_control_system()").first?.first ?? nil
        guard identifier ?? source.systemIdentifier == source.systemIdentifier else { return }
        let here = try connection.query(
            "select from pg_replication_slots where slot_name = \(connection.literal(source.slot))"
                + " and database = current_database()"
        )
        guard !here.isEmpty else { return }
        throw SinkError(
            .refused,
            "\(target) is the database that the changes come from: each of them would make another one. Give another "
                + "database."
        )
    }

    private func lock(_ connection: Connection, replacing former: Int?) throws {
        let key = "\(Self.space), hashtext(\(try connection.literal(name)))"
        if let former {
            try connection.query(
                """
                select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
                and classid = \(Self.space) and objid::bigint = hashtext(\(connection.literal(name)))::bigint & 4294967295
                and objsubid = 2 and pid = \(former)
                and database = (select oid from pg_database where datname = current_database())
                """
            )
        }
        do {
            // A process that was killed has the lock until the server has noticed.
            try connection.query("set lock_timeout = '5s'; select pg_advisory_lock(\(key)); set lock_timeout = 0")
        } catch {
            guard error.sqlState == "55P03" else { throw error }
            throw SinkError(
                .inUse,
                "Another sluice writes to \(target) with cursor=\(name). Stop it, or give this stream another cursor=NAME "
                    + "and other tables.",
                cause: error
            )
        }
    }

    private func create(_ connection: Connection) throws {
        guard try connection.query("select to_regclass('sluice.cursors')").first?.first == .some(nil) else { return }
        do {
            if try connection.query("select from pg_namespace where nspname = 'sluice'").isEmpty {
                try connection.query("create schema sluice")
            }
            try connection.query(Self.definition)
        } catch {
            // Another stream, with another name, was quicker.
            if error.sqlState == "42P07" || error.sqlState == "23505" || error.sqlState == "42P06" { return }
            guard error.code == .noPermission else { throw error }
            let user = try connection.query("select quote_ident(current_user)").first?.first.flatMap(\.self) ?? "NAME"
            throw SinkError(
                .noPermission,
                "The user of \(target) may not make the schema sluice, which holds the position. As the database's owner: "
                    + "CREATE SCHEMA sluice AUTHORIZATION \(user);",
                cause: error
            )
        }
    }

    private func own(_ connection: Connection, _ source: SourceIdentity) throws -> Cursor? {
        let name = try connection.literal(name)
        let slot = try connection.literal(source.slot)
        let system = try connection.literal(source.systemIdentifier)
        // A transaction of a process that was killed may still be under way: the update waits for its end.
        try connection.query(
            """
            insert into sluice.cursors (name, system_identifier, timeline, slot)
            values (\(name), \(system), \(source.timeline), \(slot)) on conflict (name) do update
            set timeline = excluded.timeline where (cursors.system_identifier, cursors.slot) = (\(system), \(slot))
            and cursors.timeline <= excluded.timeline
            """
        )
        let rows = try connection.query(
            "select system_identifier, slot, timeline from sluice.cursors where name = \(name)"
        )
        guard let row = rows.first, row.count == 3 else {
            throw SinkError(.missing, "The position \"\(self.name)\" in \(target) was deleted just now. Start again.")
        }
        guard row[0] == source.systemIdentifier, row[1] == source.slot else {
            throw SinkError(
                .otherSource,
                "The position \"\(self.name)\" in \(target) belongs to slot \(row[1] ?? "?") of server \(row[0] ?? "?"), "
                    + "not to \(source): their positions cannot be mixed. Give cursor=NAME with another name."
            )
        }
        guard row[2] == String(source.timeline) else {
            throw SinkError(
                .otherSource,
                "\(target) has changes of timeline \(row[2] ?? "?"), but the source is on timeline \(source.timeline): it is "
                    + "an old primary or an old copy. Connect to the current primary."
            )
        }
        return try read(connection)
    }

    private func read(_ connection: Connection) throws -> Cursor? {
        let row = try connection.query(
            "select commit_lsn, commit_idx, sub from sluice.cursors where name = \(connection.literal(name))"
        ).first
        guard let row, row.count == 3, let lsn = row[0].flatMap({ LSN($0) }),
            let index = row[1].flatMap({ UInt64($0) }),
            let sub = row[2].flatMap({ Int32($0) })
        else { return nil }
        return Cursor(commitLSN: lsn, index: index, sub: sub)
    }

    private func mayUse<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ReplicationError where error.code == .noPermission {
            throw SinkError(
                .noPermission,
                "The user of \(target) may not use the tables of the schema sluice, which hold the position. As its owner: "
                    + "GRANT USAGE ON SCHEMA sluice, and GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA sluice.",
                cause: error
            )
        }
    }
}
