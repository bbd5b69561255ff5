internal import CLibPQ
internal import Glibc

/// A replication session over libpq.
package final class LibPQTransport: ReplicationTransport {
    private let target: ConnectionTarget
    private let slot: String
    private let publications: [String]
    private let server: ServerDescription?
    private let claim: SlotClaim?
    private let messages: Bool
    private var connection: Connection?
    private static let answerLimit = Duration.seconds(30)

    /// Makes a transport; it connects at `start`.
    ///
    /// - Parameters:
    ///   - target: Where to.
    ///   - slot: The slot to read.
    ///   - publications: Whose changes to read.
    ///   - server: The one that has to be there; `nil`: any.
    ///   - claim: To be held before the slot is read; `nil`: none.
    ///   - messages: Whether logical messages are sent too, which needs version 14 of the server.
    package init(
        _ target: ConnectionTarget,
        slot: String,
        publications: [String],
        server: ServerDescription? = nil,
        claim: SlotClaim? = nil,
        messages: Bool = false
    ) {
        self.target = target
        self.slot = slot
        self.publications = publications
        self.server = server
        self.claim = claim
        self.messages = messages
    }

    package var descriptor: Int32 { connection.map { PQsocket($0.handle) } ?? -1 }

    /// The server's process, for tests.
    package var serverPID: Int? { connection?.backendPID }

    package func start(from position: LSN, openTransactions: Bool) throws(ReplicationError) {
        try claim?.take()
        let connection = try Connection(target, forReplication: true)
        connection.answerLimit = Self.answerLimit
        connection.context.slot = slot
        connection.context.publications = publications
        try checkServer(connection, holds: position)
        // Such a database may hold bytes that are no UTF-8. Asked for UTF-8, the server would end every session at the
        // first of them; they are repaired here instead.
        if PQparameterStatus(connection.handle, "server_encoding").map({ String(cString: $0) }) == "SQL_ASCII" {
            try connection.query("set client_encoding = sql_ascii")
        }
        try checkGap(connection, from: position)
        let names = publications.map(quotedName).joined(separator: ",")
        let version = openTransactions ? "proto_version '2', streaming 'on'" : "proto_version '1'"
        let command = """
            START_REPLICATION SLOT \(quotedName(slot)) LOGICAL \(position) \
            (\(version), publication_names \(try connection.literal(names))\(messages ? ", messages 'true'" : ""))
            """
        let result = try connection.execute(command)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_BOTH else { throw connection.error(of: result) }
        guard PQsetnonblocking(connection.handle, 1) == 0 else { throw connection.connectionError() }
        self.connection = connection
    }

    /// A session may come to another server than the one before: a promoted standby, or a copy that was set back.
    private func checkServer(_ connection: Connection, holds position: LSN) throws(ReplicationError) {
        guard let server else { return }
        let row = try connection.query("IDENTIFY_SYSTEM").first ?? []
        guard row.count >= 3, let end = row[2].flatMap({ LSN($0) }) else { return }
        guard row[0] == server.systemIdentifier, row[1] == String(server.timeline), end >= position else {
            throw ReplicationError(
                .serverChanged,
                "The server at \(connection.context.server) is not what it was: system \(row[0] ?? ""), timeline"
                    + " \(row[1] ?? ""), log up to \(end) instead of system \(server.systemIdentifier), timeline"
                    + " \(server.timeline), log beyond \(position)."
            )
        }
    }

    /// The server skips silently what it believes to be safe, so a slot that somebody else has moved must be noticed.
    private func checkGap(_ connection: Connection, from position: LSN) throws(ReplicationError) {
        let name = try connection.literal(slot)
        let rows = try connection.query(
            "select confirmed_flush_lsn from pg_replication_slots where slot_name = \(name)"
        )
        guard let text = rows.first?.first ?? nil, let confirmed = LSN(text) else { return }
        guard position == .zero || confirmed <= position else {
            throw ReplicationError(
                .gap,
                "Slot \"\(slot)\" stands at \(confirmed), past \(position), the last position that was durable here:"
                    + " another process has read from it, or it was made anew. Load the tables anew."
            )
        }
    }

    package func isReadable() -> Bool {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    package func consumeInput() throws(ReplicationError) {
        let connection = try open()
        guard PQconsumeInput(connection.handle) == 1 else { throw connection.connectionError() }
        // OpenSSL may have decrypted more than libpq had room for, which poll cannot see: one more read takes it all.
        if PQsslInUse(connection.handle) != 0, PQconsumeInput(connection.handle) != 1 {
            throw connection.connectionError()
        }
    }

    package func nextFrame(
        _ body: (UnsafeRawBufferPointer) throws(ReplicationError) -> Void
    ) throws(ReplicationError) -> Bool {
        let connection = try open()
        var buffer: UnsafeMutablePointer<CChar>?
        let length = PQgetCopyData(connection.handle, &buffer, 1)
        defer { PQfreemem(buffer) }
        if length == 0 { return false }
        guard length > 0, let buffer else { throw ended(connection, isBroken: length == -2) }
        try body(UnsafeRawBufferPointer(start: buffer, count: Int(length)))
        return true
    }

    package func send(_ status: [UInt8]) throws(ReplicationError) {
        let connection = try open()
        let result = status.withUnsafeBytes { bytes in
            PQputCopyData(connection.handle, bytes.assumingMemoryBound(to: CChar.self).baseAddress, Int32(bytes.count))
        }
        // 0 means that no memory could be had to queue it; the timer will try again.
        if result < 0 { throw connection.connectionError() }
    }

    package func flush() throws(ReplicationError) -> Bool {
        let connection = try open()
        let result = PQflush(connection.handle)
        if result < 0 { throw connection.connectionError() }
        return result == 0
    }

    package func finish(within limit: Duration) {
        defer { close() }
        guard let handle = connection?.handle else { return }
        let deadline = Instant.now.advanced(by: limit)
        var endWasQueued = false
        while true {
            // 0: try again when there is room.
            if !endWasQueued {
                let result = PQputCopyEnd(handle, nil)
                if result < 0 { return }
                endWasQueued = result == 1
            }
            let pending = PQflush(handle)
            if pending < 0 { return }
            var buffer: UnsafeMutablePointer<CChar>?
            while true {
                let length = PQgetCopyData(handle, &buffer, 1)
                PQfreemem(buffer)
                if length == 0 { break }
                if length == -1 { return waitForEnd(handle, until: deadline) }
                if length < 0 { return }
            }
            let remaining = Instant.now.milliseconds(until: deadline)
            guard remaining > 0 else { return }
            let events = Int16(POLLIN) | (pending > 0 || !endWasQueued ? Int16(POLLOUT) : 0)
            var descriptor = pollfd(fd: PQsocket(handle), events: events, revents: 0)
            guard poll(&descriptor, 1, Int32(clamping: remaining)) > 0 else { return }
            if PQconsumeInput(handle) != 1 { return }
        }
    }

    /// Waits for the command's end after the stream's: the slot is free only then.
    private func waitForEnd(_ handle: OpaquePointer, until deadline: Instant) {
        while true {
            if PQisBusy(handle) == 0 {
                guard let result = PQgetResult(handle) else { return }
                PQclear(result)
                continue
            }
            let remaining = Instant.now.milliseconds(until: deadline)
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            guard remaining > 0, poll(&descriptor, 1, Int32(clamping: remaining)) > 0 else { return }
            if PQconsumeInput(handle) != 1 { return }
        }
    }

    package func close() {
        connection = nil
    }

    private func open() throws(ReplicationError) -> Connection {
        if let connection { return connection }
        throw ReplicationError(.connectionLost, "The session of slot \"\(slot)\" is closed.")
    }

    /// What ended the stream: the server's error, or its plain end when it shuts down.
    private func ended(_ connection: Connection, isBroken: Bool) -> ReplicationError {
        if isBroken { return connection.connectionError() }
        // The server's answer has been read already, so this does not wait.
        let result = PQgetResult(connection.handle)
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_FATAL_ERROR: return connection.error(of: result)
        default:
            return ReplicationError(
                .connectionLost,
                "The server at \(connection.context.server) ended the stream of slot \"\(slot)\": it shuts down."
            )
        }
    }
}
