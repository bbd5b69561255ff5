import Synchronization

/// Lets a sink be opened once, used while it is open, and closed at any time.
package final class OpenState<Connection: Sendable>: Sendable {
    private enum Phase {
        case new
        case opening
        case open(Connection)
        case closed
    }

    private let name: String
    private let phase = Mutex(Phase.new)

    /// Makes the state of a sink that is not open yet.
    ///
    /// - Parameter name: What the sink is called in messages.
    package init(name: String) {
        self.name = name
    }

    /// What was opened; `nil` if it is not open.
    package var connection: Connection? {
        phase.withLock { if case .open(let connection) = $0 { connection } else { nil } }
    }

    /// What was opened.
    ///
    /// - Throws: `notOpen`.
    package func required() throws(SinkError) -> Connection {
        guard let connection else { throw SinkError(.notOpen, "\(name) is not open.") }
        return connection
    }

    /// Opens it.
    ///
    /// - Parameter make: Makes what is used from now on.
    /// - Throws: `notOpen` if it was opened before, or closed meanwhile; what `make` throws.
    package func open(_ make: () async throws -> Connection) async throws {
        try phase.withLock { phase in
            guard case .new = phase else { throw SinkError(.notOpen, "\(name) was opened before: make a new one.") }
            phase = .opening
        }
        let connection = try await make()
        try phase.withLock { phase in
            guard case .opening = phase else { throw SinkError(.notOpen, "\(name) is closed.") }
            phase = .open(connection)
        }
    }

    /// Closes it.
    ///
    /// - Returns: What was open; `nil` if nothing is left to be given back.
    package func close() -> Connection? {
        phase.withLock { phase in
            defer { phase = .closed }
            return if case .open(let connection) = phase { connection } else { nil }
        }
    }
}
