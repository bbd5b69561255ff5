internal import CLibPQ
internal import Glibc

/// Statements that are sent one after another without waiting for the answer to each, and whose answers are then read
/// together: one round trip for many statements (libpq's pipeline mode, version 14 and later).
///
/// It blocks, and belongs to the thread of its connection. After a ``StatementFailure`` the server has run nothing of what
/// followed the statement, and what it was part of has to be rolled back; after any other error the connection is of no
/// use.
package final class StatementPipeline {
    /// The wait was ended by the signal that was given for that.
    package struct Interrupted: Error {}

    private let connection: Connection
    private let interrupt: WakeUp
    private let patience: Duration
    private let isWorking: () -> Bool
    private var isOpen = false
    private var scratch: [UInt8] = []
    private var offsets: [Int?] = []

    /// How many statements wait for ``synchronize()``.
    package private(set) var count = 0

    /// How many bytes of parameters and texts they have.
    package private(set) var bytes = 0

    /// How often answers were waited for.
    package private(set) var roundTrips = 0

    /// Makes a pipeline on a connection that nothing else uses before ``synchronize()`` has returned.
    ///
    /// - Parameters:
    ///   - connection: Open.
    ///   - interrupt: A signal there ends every wait for the server.
    ///   - patience: After so long a silence, and again after each such time, `isWorking` is asked.
    ///   - isWorking: Whether the server is at work on the statements: if not, its answers are lost on the way, and the
    ///     connection counts as lost.
    package init(
        _ connection: Connection,
        interrupt: WakeUp,
        patience: Duration,
        isWorking: @escaping () -> Bool
    ) {
        self.connection = connection
        self.interrupt = interrupt
        self.patience = patience
        self.isWorking = isWorking
    }

    /// Sends one statement of SQL without parameters.
    package func run(_ sql: String) throws {
        try open()
        try sent(PQsendQueryParams(connection.handle, sql, 0, nil, nil, nil, nil, 0), sql.utf8.count)
    }

    /// Prepares a statement for ``execute(_:_:)``; the server infers the types of its parameters.
    package func prepare(_ name: String, _ sql: String) throws {
        try open()
        try sent(PQsendPrepare(connection.handle, name, sql, 0, nil), sql.utf8.count)
    }

    /// Sends the parameters of a statement that was prepared.
    ///
    /// - Parameters:
    ///   - name: The statement's.
    ///   - values: A value for each parameter, in text form and without zero bytes; `nil` is NULL.
    /// - Throws: `connectionLost`.
    package func execute(_ name: String, _ values: [ArraySlice<UInt8>?]) throws {
        try open()
        scratch.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        for value in values {
            offsets.append(value == nil ? nil : scratch.count)
            guard let value else { continue }
            scratch += value
            scratch.append(0)
        }
        let accepted = scratch.withUnsafeBytes { bytes in
            let pointers = offsets.map { offset in
                offset.flatMap { bytes.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return PQsendQueryPrepared(connection.handle, name, Int32(values.count), pointers, nil, nil, 0)
        }
        try sent(accepted, scratch.count)
    }

    /// Waits until the server has answered all statements.
    ///
    /// - Returns: How many rows each of them touched, in order; 0 for those that touch none.
    /// - Throws: ``StatementFailure`` of the first that failed; `connectionLost`; ``Interrupted``.
    package func synchronize() throws -> [Int] {
        guard isOpen else { return [] }
        roundTrips += 1
        guard PQpipelineSync(connection.handle) == 1 else { throw connection.connectionError() }
        var touched: [Int] = []
        touched.reserveCapacity(count)
        var refusal: StatementFailure?
        while touched.count < count {
            let result = try next()
            defer { PQclear(result) }
            // An end between the results of two statements.
            guard result != nil else { continue }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                touched.append(PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0)
            case PGRES_PIPELINE_ABORTED:
                touched.append(0)
            default:
                refusal = try failure(result, statement: touched.count)
                touched.append(0)
            }
        }
        while true {
            let result = try next()
            defer { PQclear(result) }
            guard result != nil, PQresultStatus(result) == PGRES_PIPELINE_SYNC else { continue }
            break
        }
        PQexitPipelineMode(connection.handle)
        PQsetnonblocking(connection.handle, 0)
        isOpen = false
        (count, bytes) = (0, 0)
        if let refusal { throw refusal }
        return touched
    }

    private func open() throws {
        guard !isOpen else { return }
        guard PQsetnonblocking(connection.handle, 1) == 0, PQenterPipelineMode(connection.handle) == 1 else {
            throw connection.connectionError()
        }
        isOpen = true
    }

    private func sent(_ accepted: Int32, _ size: Int) throws {
        guard accepted == 1 else { throw connection.connectionError() }
        count += 1
        bytes += size
    }

    /// Waits for the next result; `nil` is the end of a statement's results.
    private func next() throws -> OpaquePointer? {
        while true {
            let unsent = PQflush(connection.handle)
            guard unsent >= 0 else { throw connection.connectionError() }
            guard PQisBusy(connection.handle) == 1 else {
                let result = PQgetResult(connection.handle)
                // A connection that is lost has no results any more, however often it is asked.
                if result == nil, !connection.isOpen { throw connection.connectionError() }
                return result
            }
            let events = Int16(unsent == 1 ? POLLIN | POLLOUT : POLLIN)
            var descriptors = [
                pollfd(fd: PQsocket(connection.handle), events: events, revents: 0),
                pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&descriptors, 2, Int32(clamping: Int64(patience / .milliseconds(1))))
            if count == 0, !isWorking() { throw connection.noAnswer(within: patience) }
            guard count > 0 else { continue }
            if descriptors[1].revents != 0 { throw Interrupted() }
            // While it sends, the server's answers must be taken in, or both wait for each other.
            if descriptors[0].revents & ~Int16(POLLOUT) != 0, PQconsumeInput(connection.handle) != 1 {
                throw connection.connectionError()
            }
        }
    }

    private func failure(_ result: OpaquePointer?, statement: Int) throws(ReplicationError) -> StatementFailure {
        let error = connection.error(of: result)
        guard connection.isOpen, let state = error.sqlState, error.code != .connectionLost else { throw error }
        // The field codes of libpq are characters: s the schema, t the table, c the column, d the type, n the constraint.
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
        }
        return StatementFailure(
            statement: statement,
            sqlState: state,
            column: field("c"),
            dataType: field("d"),
            constraint: field("n"),
            said: connection.message(of: result)
        )
    }
}

/// A statement that the server refused.
package struct StatementFailure: Error {
    /// Its number among those that were sent together, from 0.
    package var statement: Int

    /// Postgres' five-character code.
    package var sqlState: String

    /// The column that the server names.
    package var column: String?

    /// The type that the server names.
    package var dataType: String?

    /// The constraint that the server names.
    package var constraint: String?

    /// What the server said, which may repeat values of the row.
    package var said: String

    /// Makes a failure.
    package init(
        statement: Int,
        sqlState: String,
        column: String? = nil,
        dataType: String? = nil,
        constraint: String? = nil,
        said: String
    ) {
        self.statement = statement
        self.sqlState = sqlState
        self.column = column
        self.dataType = dataType
        self.constraint = constraint
        self.said = said
    }
}
