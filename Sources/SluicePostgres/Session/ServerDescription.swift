/// What a server says of itself before a session.
package struct ServerDescription: Hashable, Sendable {
    /// As Postgres counts it, for example 150020.
    package var version: Int

    /// Identifies the cluster: part of every durable cursor.
    package var systemIdentifier: String

    /// The timeline: changes when a standby is promoted.
    package var timeline: UInt32

    /// Where its log ended at the check.
    package var logEnd: LSN

    /// The database of the connection.
    package var database: String

    /// Whether it is a standby.
    package var isStandby: Bool

    /// After how many milliseconds of silence the server ends a replication session; 0 is never.
    package var walSenderTimeout: Int
}

/// What the server says of a replication slot.
package struct SlotDescription: Hashable, Sendable {
    /// The slot's name.
    package var name: String

    /// What the server has been told is safe: it sends what commits from here on.
    package var confirmedFlush: LSN

    /// From where the server keeps its log for the slot.
    package var restart: LSN?

    /// Whether the check has just created the slot.
    package var wasCreated: Bool
}
