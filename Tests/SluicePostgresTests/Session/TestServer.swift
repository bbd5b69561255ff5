import Glibc

@testable import SluicePostgres

/// One throwaway server for all tests of this process; each test makes a database of its own in it.
enum TestServer {
    private static let thread = BlockingThread()
    // A server that is never released: its guard stops it when the process ends.
    private static let result = Result {
        try LocalServer(.init(settings: ["wal_sender_timeout": "1s", "max_connections": "60", "autovacuum": "off"]))
    }

    static func shared() async throws -> LocalServer {
        try await thread.run { try result.get() }
    }

    /// Makes an empty database and gives its connection string.
    static func database(_ name: String, running sql: String...) async throws -> ConnectionTarget {
        let server = try await shared()
        return try await thread.run {
            try Connection(ConnectionTarget(server.url())).query("create database \(name)")
            let target = try ConnectionTarget(server.url(database: name))
            let connection = try Connection(target)
            for statement in sql { try connection.query(statement) }
            return target
        }
    }

    /// Runs SQL on a connection of its own.
    @discardableResult
    static func query(_ target: ConnectionTarget, _ sql: String) async throws -> [[String?]] {
        let thread = BlockingThread()
        defer { thread.close() }
        return try await thread.run { try Connection(target).query(sql) }
    }
}
