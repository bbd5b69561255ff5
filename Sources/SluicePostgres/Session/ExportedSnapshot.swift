internal import Synchronization

/// What the database was when a slot was made: every change after it comes through the slot, and none before.
///
/// Other transactions take the snapshot over by its name, while the session that made the slot does nothing else. See
/// [CREATE_REPLICATION_SLOT](https://www.postgresql.org/docs/current/protocol-replication.html).
package final class ExportedSnapshot: Sendable {
    /// For `SET TRANSACTION SNAPSHOT`.
    package let name: String

    /// From where the slot has its changes.
    package let position: LSN

    private let session: Mutex<Connection?>

    /// Makes a slot; blocks until all transactions that are open have ended.
    ///
    /// - Parameters:
    ///   - slot: Its name.
    ///   - target: Where to.
    /// - Throws: What the server answered.
    init(creating slot: String, _ target: ConnectionTarget) throws(ReplicationError) {
        let connection = try Connection(target, forReplication: true)
        let row = try connection.query("CREATE_REPLICATION_SLOT \(quotedName(slot)) LOGICAL pgoutput").first ?? []
        guard row.count >= 3, let position = row[1].flatMap({ LSN($0) }), let name = row[2] else {
            throw ReplicationError(
                .server,
                "The server made slot \"\(slot)\" and did not tell its snapshot. Check that it is PostgreSQL, and start again."
            )
        }
        self.position = position
        self.name = name
        session = Mutex(connection)
    }

    /// Ends the session: who has not taken the snapshot over cannot do so any more.
    package func release() {
        session.withLock { $0 = nil }
    }
}
