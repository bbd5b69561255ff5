import SluicePostgres

/// One throwaway server for all tests of this process, which stops when the process ends.
enum SharedServer {
    private static let result = Result {
        try LocalServer(
            .init(settings: [
                "max_connections": "200", "max_wal_senders": "50", "max_replication_slots": "150", "autovacuum": "off",
            ])
        )
    }

    /// Starts it if it does not run yet; blocks.
    static func get() throws -> LocalServer { try result.get() }
}
