internal import CLibPQ
internal import Glibc

/// One libpq connection.
///
/// Its calls block, so it belongs to one thread that may wait: never to the cooperative pool. It is not `Sendable`: the compiler keeps it on the thread that made it.
package final class Connection {
    let handle: OpaquePointer
    private let secrets: [String]
    private static let settingsLimit = Duration.seconds(10)

    /// What errors are about.
    var context: ErrorContext

    /// How long the server may take to answer a query; `nil`: as long as it wants.
    ///
    /// A link that swallows everything looks like a server that thinks. After that time the connection counts as lost.
    package var answerLimit: Duration?

    private var isDeaf = false

    /// What a session must have, whatever the role's, the database's or the user's defaults are: the text of values
    /// depends on the first five, and no timeout may end a session that waits by design.
    ///
    /// They are set by a query after connecting, not by libpq's `options`: that would replace the options of a service
    /// file, which libpq does not tell.
    private static let settings = """
        set datestyle = 'ISO'; set intervalstyle = 'postgres'; set extra_float_digits = 3; set bytea_output = 'hex'; \
        set timezone = 'UTC'; set statement_timeout = 0; set lock_timeout = 0; \
        set idle_in_transaction_session_timeout = 0
        """

    /// Connects; blocks until that succeeded, failed or timed out (after `connect_timeout`, 10 s if not given).
    ///
    /// - Parameters:
    ///   - target: Where to.
    ///   - forReplication: Whether to start a walsender for the database instead of an ordinary backend.
    /// - Throws: What went wrong, with what to do.
    package init(_ target: ConnectionTarget, forReplication: Bool = false) throws(ReplicationError) {
        secrets = target.secrets
        handle = try Self.open(target, forReplication: forReplication)
        context = Self.context(of: handle)
        // By default libpq prints notices on standard error, which is the command's own.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        answerLimit = Self.settingsLimit
        try query(Self.settings)
        answerLimit = nil
    }

    deinit {
        PQfinish(handle)
    }

    /// Whether libpq still believes in the connection.
    package var isOpen: Bool { !isDeaf && PQstatus(handle) == CONNECTION_OK }

    /// The server's version as libpq gives it, for example 150020.
    package var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// The process id of the server's side.
    package var backendPID: Int { Int(PQbackendPID(handle)) }

    /// Runs SQL by the simple protocol.
    ///
    /// - Parameter sql: One or several statements.
    /// - Returns: The rows of the last statement, as text; `nil` is NULL.
    /// - Throws: What the server answered, with advice.
    @discardableResult
    package func query(_ sql: String) throws(ReplicationError) -> [[String?]] {
        let result = try execute(sql)
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK: return rows(of: result)
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return []
        default: throw error(of: result)
        }
    }

    /// Runs a command and waits for its last result, which the caller clears.
    func execute(_ sql: String) throws(ReplicationError) -> OpaquePointer? {
        guard let answerLimit else { return PQexec(handle, sql) }
        guard PQsendQuery(handle, sql) == 1 else { throw connectionError() }
        let deadline = Instant.now.advanced(by: answerLimit)
        var last: OpaquePointer?
        while true {
            while PQisBusy(handle) == 1 {
                let remaining = max(0, Instant.now.milliseconds(until: deadline))
                var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
                if remaining == 0 || poll(&descriptor, 1, Int32(clamping: remaining)) == 0 {
                    PQclear(last)
                    throw noAnswer(within: answerLimit)
                }
                if PQconsumeInput(handle) != 1 { break }
            }
            guard let result = PQgetResult(handle) else { return last }
            PQclear(last)
            last = result
            // The end of a copy's results would be waited for in vain.
            if [PGRES_COPY_BOTH, PGRES_COPY_IN, PGRES_COPY_OUT].contains(PQresultStatus(result)) { return last }
        }
    }

    /// Counts the connection as lost.
    func noAnswer(within limit: Duration) -> ReplicationError {
        isDeaf = true
        return ReplicationError(
            .connectionLost,
            "The server at \(context.server) has not answered within \(limit.components.seconds) s."
        )
    }

    /// A text as an SQL literal.
    package func literal(_ text: String) throws(ReplicationError) -> String {
        try escaped(PQescapeLiteral(handle, text, text.utf8.count))
    }

    /// A name as an SQL identifier.
    package func identifier(_ name: String) throws(ReplicationError) -> String {
        try escaped(PQescapeIdentifier(handle, name, name.utf8.count))
    }

    /// What a failed result says, as an error.
    func error(of result: OpaquePointer?) -> ReplicationError {
        guard result != nil else { return connectionError() }
        return context.error(for: ServerMessage(result: result, hiding: secrets))
    }

    /// The server's own words about a failed result.
    func message(of result: OpaquePointer?) -> String {
        ServerMessage(result: result, hiding: secrets).text
    }

    /// What libpq says of the connection, as an error.
    func connectionError() -> ReplicationError {
        let report = String(cString: PQerrorMessage(handle))
        return context.error(for: ServerMessage(connectionReport: report, hiding: secrets))
    }

    private func escaped(_ text: UnsafeMutablePointer<CChar>?) throws(ReplicationError) -> String {
        guard let text else { throw connectionError() }
        defer { PQfreemem(text) }
        return String(cString: text)
    }

    private func rows(of result: OpaquePointer?) -> [[String?]] {
        (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                    return nil
                }
                return String(cString: value)
            }
        }
    }
}
