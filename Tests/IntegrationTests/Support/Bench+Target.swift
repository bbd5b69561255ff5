import SluicePostgres
import Testing

/// A database that rows are replicated into, beside the bench's own or on another server.
final class Target {
    let server: LocalServer
    let database: String
    private(set) var sql: Connection

    init(_ database: String, on server: LocalServer) throws {
        self.server = server
        self.database = database
        try Connection(ConnectionTarget(server.url())).query("create database \(database) template template0")
        sql = try Connection(ConnectionTarget(server.url(database: database)))
    }

    /// The sink's URL.
    ///
    /// - Parameters:
    ///   - options: Behind the `?`.
    ///   - user: Who writes.
    ///   - port: Of what stands before the server; nil: the server's own.
    func url(_ options: String = "", user: String = "postgres", port: Int? = nil) -> String {
        "postgres://\(user)@127.0.0.1:\(port ?? server.port)/\(database)\(options.isEmpty ? "" : "?\(options)")"
    }

    func run(_ statements: String...) throws {
        for statement in statements { try sql.query(statement) }
    }

    func value(_ query: String) throws -> String? {
        try sql.query(query).first?.first ?? nil
    }

    /// Connects anew, behind a restart of the server.
    func reconnect() throws {
        sql = try Connection(ConnectionTarget(server.url(database: database)))
    }
}

extension Bench {
    /// A database to replicate into, on the bench's server if no other is given.
    func target(on server: LocalServer? = nil) throws -> Target {
        try Target("\(database)_target", on: server ?? self.server)
    }

    /// Expects that tables have the same rows here and there, as the server writes them.
    ///
    /// - Parameters:
    ///   - tables: By their names in both databases; the same columns in the same order.
    ///   - target: Where the rows went.
    ///   - sourceLocation: The test's.
    func expectSame(_ tables: [String], in target: Target, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for table in tables {
            let query = "select t::text from \(table) t order by 1"
            let (here, there) = (try sql.query(query), try target.sql.query(query))
            #expect(here.count == there.count, "rows of \(table)", sourceLocation: sourceLocation)
            guard let place = zip(here, there).first(where: { $0 != $1 }) else { continue }
            Issue.record("\(table) has \(place.0) here and \(place.1) there", sourceLocation: sourceLocation)
        }
    }
}
