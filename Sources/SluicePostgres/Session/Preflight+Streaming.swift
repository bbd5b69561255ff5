/// Whether a session receives transactions that are still open.
package enum StreamingMode: String, Sendable, CaseIterable {
    /// If the server can.
    case auto
    /// Always; a server that cannot is refused.
    case on
    /// Never: the server keeps them until their commit.
    case off
}

extension Preflight {
    /// The first version that streams open transactions.
    private static let streamingVersion = 140_000

    mutating func checkStreaming(version: Int) throws(ReplicationError) -> Bool {
        switch options.streaming {
        case .off:
            return false
        case _ where version >= Self.streamingVersion:
            return true
        case .auto:
            notices.append(
                "The server at \(connection.context.server) is older than PostgreSQL 14: it sends a transaction's changes"
                    + " only after its commit, also those of a large one."
            )
            return false
        case .on:
            throw ReplicationError(
                .serverSetup,
                "The server at \(connection.context.server) cannot stream open transactions: that needs PostgreSQL 14."
                    + " Leave out --streaming on."
            )
        }
    }
}
