import CLibNATS

/// What happens to a connection.
enum ConnectionEvent: Sendable {
    case lost
    case restored
    /// It will not be made again.
    case closed(reason: String)
    /// The server does not allow something.
    case notPermitted(String)
}

/// Passes on what libnats tells of a connection.
final class ConnectionWatch: Sendable {
    private let tell: @Sendable (ConnectionEvent) -> Void

    init(_ tell: @escaping @Sendable (ConnectionEvent) -> Void) {
        self.tell = tell
    }

    /// Lets the library hold on to this object until the connection is closed, which it tells once, and last; or until
    /// ``detach()`` if there was never a connection.
    func attach(to options: OpaquePointer) {
        let context = Unmanaged.passRetained(self).toOpaque()
        natsOptions_SetDisconnectedCB(
            options,
            { connection, context in
                // Told also by the way of a connection that is closed.
                if !natsConnection_IsClosed(connection) { ConnectionWatch.of(context)?.tell(.lost) }
            },
            context
        )
        natsOptions_SetReconnectedCB(options, { _, context in ConnectionWatch.of(context)?.tell(.restored) }, context)
        natsOptions_SetErrorHandler(
            options,
            { connection, _, status, context in
                guard status == NATS_NOT_PERMITTED else { return }
                ConnectionWatch.of(context)?.tell(.notPermitted(ConnectionWatch.lastError(connection)))
            },
            context
        )
        natsOptions_SetClosedCB(
            options,
            { connection, context in
                let watch = ConnectionWatch.of(context)
                watch?.tell(.closed(reason: ConnectionWatch.lastError(connection)))
                watch?.detach()
            },
            context
        )
    }

    /// Undoes ``attach(to:)``.
    func detach() {
        Unmanaged.passUnretained(self).release()
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> ConnectionWatch? {
        context.map { Unmanaged<ConnectionWatch>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func lastError(_ connection: OpaquePointer?) -> String {
        var text: UnsafePointer<CChar>?
        natsConnection_GetLastError(connection, &text)
        return text.map { String(cString: $0) } ?? ""
    }
}
