internal import CLibPQ
internal import Glibc

extension Connection {
    private static let defaultTimeout = 10

    /// Lets the system notice in half a minute that the peer's machine is gone or cannot be reached any more.
    ///
    /// A peer that is merely busy answers this by its kernel.
    private static let linkWatch = [
        ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "4"),
        ("tcp_user_timeout", "30000"),
    ]

    /// Connects and explains a failure.
    static func open(_ target: ConnectionTarget, forReplication: Bool) throws(ReplicationError) -> OpaquePointer {
        // What comes after the target overrides it; what comes before is a default.
        var parameters =
            linkWatch + [
                ("dbname", target.string), ("fallback_application_name", "sluice"), ("client_encoding", "UTF8"),
            ]
        if forReplication { parameters.append(("replication", "database")) }
        let started = withParameters(parameters) { PQconnectStartParams($0, $1, 1) }
        guard let started else { throw ReplicationError(.unreachable, "There is no memory for a connection.") }
        PQsetErrorVerbosity(started, PQERRORS_VERBOSE)
        PQsetNoticeProcessor(started, { _, _ in }, nil)
        let timeout = connectTimeout(of: started)
        var handle = started
        if !hasSeveralHosts(started) {
            let isInTime = pollUntilConnected(started, seconds: timeout)
            if !isInTime {
                PQfinish(started)
                throw unreachable(target, "no answer within \(timeout) s")
            }
        } else {
            // Only libpq's own blocking loop moves on to the next host after a timeout.
            PQfinish(started)
            parameters.append(("connect_timeout", String(timeout)))
            guard let connected = withParameters(parameters, { PQconnectdbParams($0, $1, 1) }) else {
                throw ReplicationError(.unreachable, "There is no memory for a connection.")
            }
            handle = connected
        }
        if PQstatus(handle) == CONNECTION_OK { return handle }
        defer { PQfinish(handle) }
        throw failure(of: handle, target: target)
    }

    /// The names that messages about a connection use.
    static func context(of handle: OpaquePointer) -> ErrorContext {
        func text(_ value: UnsafeMutablePointer<CChar>?) -> String { value.map { String(cString: $0) } ?? "" }
        return ErrorContext(
            server: "\(text(PQhost(handle))):\(text(PQport(handle)))",
            user: text(PQuser(handle)),
            database: text(PQdb(handle))
        )
    }

    private static func failure(of handle: OpaquePointer, target: ConnectionTarget) -> ReplicationError {
        let report = String(cString: PQerrorMessage(handle))
        let message = ServerMessage(connectionReport: report, hiding: target.secrets)
        if message.sqlState != nil { return context(of: handle).error(for: message) }
        if PQconnectionNeedsPassword(handle) != 0 {
            let context = context(of: handle)
            return ReplicationError(
                .refused,
                "The server at \(context.server) wants a password of user \"\(context.user)\" and none was given."
                    + " Put it into PGPASSWORD, ~/.pgpass or the URL."
            )
        }
        return unreachable(target, message.text)
    }

    private static func unreachable(_ target: ConnectionTarget, _ reason: String) -> ReplicationError {
        ReplicationError(
            .unreachable,
            "No connection to \(target): \(reason)\(reason.hasSuffix("?") ? "" : ".") Check host and port, that the server runs, and that it"
                + " listens on that address (listen_addresses)."
        )
    }

    private static func hasSeveralHosts(_ handle: OpaquePointer) -> Bool {
        guard let options = PQconninfo(handle) else { return false }
        defer { PQconninfoFree(options) }
        let values = ConnectionTarget.values(of: options)
        return (values["host"] ?? "").contains(",") || (values["hostaddr"] ?? "").contains(",")
    }

    private static func connectTimeout(of handle: OpaquePointer) -> Int {
        guard let options = PQconninfo(handle) else { return defaultTimeout }
        defer { PQconninfoFree(options) }
        return ConnectionTarget.values(of: options)["connect_timeout"].flatMap { Int($0) } ?? defaultTimeout
    }

    /// Drives a connection that was started until it is made or has failed; `false` if the time (if any) ran out.
    private static func pollUntilConnected(_ handle: OpaquePointer, seconds: Int) -> Bool {
        let deadline = Instant.now.advanced(by: .seconds(seconds))
        var wanted = PGRES_POLLING_WRITING
        while wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING {
            if PQstatus(handle) == CONNECTION_BAD { return true }
            let remaining = seconds > 0 ? max(0, Instant.now.milliseconds(until: deadline)) : -1
            if remaining == 0 { return false }
            let events = Int16(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT)
            var descriptor = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            if poll(&descriptor, 1, Int32(clamping: remaining)) > 0 { wanted = PQconnectPoll(handle) }
        }
        return true
    }

    private static func withParameters<Result>(
        _ parameters: [(String, String)],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let keywords = parameters.map { strdup($0.0) }
        let values = parameters.map { strdup($0.1) }
        defer { for text in keywords + values { free(text) } }
        return body(keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil])
    }
}
