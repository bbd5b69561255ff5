internal import Synchronization

/// Keeps a slot for one process, also while that has no session, by an advisory lock on a connection of its own.
///
/// A slot is free as soon as its session ends, and a session ends at each pause that is too long and at each broken link.
/// The changes that were read until then are still on their way to the sink; so another process must not begin before
/// they are settled, or this process has ended. All calls block.
package final class SlotClaim: Sendable {
    private struct State {
        var connection: Connection?
        var isHeld = false
        /// The server's process that held the lock last.
        var holder: Int?
    }

    /// The first half of the lock's key, so that it meets no lock of an application; the second is the slot's name.
    private static let space = 0x736C_7563
    private static let answerLimit = Duration.seconds(10)

    private let target: ConnectionTarget
    private let slot: String
    private let state = Mutex(State())

    /// Makes a claim that is not held.
    package init(_ target: ConnectionTarget, slot: String) {
        self.target = target
        self.slot = slot
    }

    /// Takes the claim, or makes sure that it is still held.
    ///
    /// If its connection was lost, the server may believe in it for a while: then this ends it there.
    ///
    /// - Throws: `slotClaimed` if another process has it; or that the server cannot be asked.
    package func take() throws(ReplicationError) {
        try state.withLock { state throws(ReplicationError) in try take(&state) }
    }

    /// Lets another process have it, and keeps the connection to ask again.
    package func release() {
        state.withLock { state in
            guard state.isHeld else { return }
            state.isHeld = false
            state.holder = nil
            // If this fails the connection is lost, and the lock with it.
            _ = try? state.connection?.query("select pg_advisory_unlock_all()")
        }
    }

    /// Where the server's log ends; also makes sure that the claim is held.
    package func logEnd() throws(ReplicationError) -> LSN? {
        try state.withLock { (state) throws(ReplicationError) -> LSN? in
            if state.connection?.isOpen != true { try take(&state) }
            guard let connection = state.connection else { return nil }
            let text = try connection.query(
                "select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end"
            ).first?.first
            return (text ?? nil).flatMap { LSN($0) }
        }
    }

    private func take(_ state: inout State) throws(ReplicationError) {
        if let connection = state.connection {
            if state.isHeld, (try? connection.query("select 1")) != nil { return }
            if !connection.isOpen { state.connection = nil }
            state.isHeld = false
        }
        let connection: Connection
        if let known = state.connection { connection = known } else { connection = try connect() }
        state.connection = connection
        var isLocked = try tryLock(connection)
        if !isLocked, try endGhost(state.holder, connection) { isLocked = try tryLock(connection) }
        guard isLocked else { throw try inUse(connection) }
        state.isHeld = true
        state.holder = connection.backendPID
    }

    private func connect() throws(ReplicationError) -> Connection {
        let connection = try Connection(target)
        connection.answerLimit = Self.answerLimit
        // The server, too, has to notice soon that this process's machine is gone.
        try connection.query(
            """
            set application_name = 'sluice claim'; set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; \
            set tcp_keepalives_count = 3
            """
        )
        return connection
    }

    private func tryLock(_ connection: Connection) throws(ReplicationError) -> Bool {
        try connection.query("select pg_try_advisory_lock(\(Self.space), hashtext(\(connection.literal(slot))))")
            .first?.first == "t"
    }

    /// Ends the server's side of this process's own former connection, if it has the lock.
    private func endGhost(_ pid: Int?, _ connection: Connection) throws(ReplicationError) -> Bool {
        guard let pid, try holder(connection) == pid else { return false }
        try connection.query("select pg_terminate_backend(\(pid))")
        // Its end takes a moment.
        for _ in 0..<20 where try holder(connection) == pid { try connection.query("select pg_sleep(0.05)") }
        return true
    }

    private func holder(_ connection: Connection) throws(ReplicationError) -> Int? {
        let pid = try connection.query(
            """
            select l.pid from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
            where l.locktype = 'advisory' and l.granted and l.classid = \(Self.space) and l.objsubid = 2
                and l.objid::bigint = hashtext(\(connection.literal(slot)))::bigint & 4294967295
            """
        ).first?.first
        return (pid ?? nil).flatMap { Int($0) }
    }

    private func inUse(_ connection: Connection) throws(ReplicationError) -> ReplicationError {
        let reader = try connection.query(
            "select active_pid from pg_replication_slots where slot_name = \(connection.literal(slot))"
        ).first?.first
        if let pid = reader ?? nil {
            return ReplicationError(.slotClaimed, slotIsRead(slot, by: pid))
        }
        let holder = try holder(connection).map { "the server's process \($0)" } ?? "a process that is just ending"
        return ReplicationError(
            .slotClaimed,
            "Slot \"\(slot)\" is kept by another sluice, which has \(holder): it is paused or connects again."
                + " Stop it, use another slot, or run with --standby to wait until it ends."
        )
    }
}

/// What there is to say about a slot that is read.
func slotIsRead(_ slot: String, by pid: String) -> String {
    "Slot \"\(slot)\" is read by the server's process \(pid). Stop its client"
        + " (select * from pg_stat_activity where pid = \(pid)), use another slot, or run with --standby to wait until it"
        + " is free; one slot has one reader."
}
