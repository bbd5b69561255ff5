import CLibNATS
import SluicePostgres
import SluiceSinks

/// A connection to a cluster, which libnats makes again by itself, for ever, when it is lost.
///
/// What is published meanwhile waits in the library, up to 8 MiB.
///
/// Unchecked, since a pointer of C is not known to be sendable: libnats locks the connection itself in every call.
final class NATSConnection: @unchecked Sendable {
    /// Whoever has it must not block a thread of Swift's pool with it.
    let handle: OpaquePointer
    /// For calls that block.
    let thread: BlockingThread
    /// Of the servers, for people.
    let name: String
    /// How long an answer may take.
    let timeout: Duration

    /// Connects.
    ///
    /// - Parameters:
    ///   - address: Whereto.
    ///   - timeout: For each server, and for each answer later.
    ///   - tell: Told of what happens to the connection, by the library's threads; must not block.
    /// - Returns: The connection.
    /// - Throws: ``SinkError`` with the code `unavailable`, `notAuthorized` or `badURL`; `CancellationError`.
    static func open(
        _ address: NATSAddress,
        timeout: Duration,
        tell: @escaping @Sendable (ConnectionEvent) -> Void
    ) async throws -> NATSConnection {
        let thread = BlockingThread()
        return try await thread.run { try NATSConnection(address, timeout, thread, ConnectionWatch(tell)) }
    }

    private init(
        _ address: NATSAddress,
        _ timeout: Duration,
        _ thread: BlockingThread,
        _ watch: ConnectionWatch
    ) throws(SinkError) {
        let options = try ConnectionOptions(address, timeout: timeout)
        watch.attach(to: options.handle)
        var connection: OpaquePointer?
        let status = natsConnection_Connect(&connection, options.handle)
        guard status == NATS_OK, let connection else {
            watch.detach()
            let lacksCertificate = address.isSecure && address.certificate == nil
            throw NATSFailure(address.name).connecting(status, lacksCertificate: lacksCertificate)
        }
        handle = connection
        self.thread = thread
        self.timeout = timeout
        name = address.name
    }

    deinit {
        let owned = Owned(handle: handle)
        thread.perform {
            // Acknowledgements that were written last.
            natsConnection_FlushTimeout(owned.handle, 1000)
            natsConnection_Destroy(owned.handle)
        }
        thread.close()
    }

    // Handed to the thread once, by the last who had it.
    private struct Owned: @unchecked Sendable { let handle: OpaquePointer }

    /// A subject of this connection alone, in front of what is answered to it.
    func makeInbox() throws(SinkError) -> String {
        var inbox: UnsafeMutablePointer<CChar>?
        guard natsInbox_Create(&inbox) == NATS_OK, let inbox else {
            throw SinkError(.unavailable, "There is no memory for an inbox.")
        }
        defer { natsInbox_Destroy(inbox) }
        return String(cString: inbox)
    }

    /// Publishes texts; on its thread only.
    ///
    /// - Returns: How many were not taken, and why.
    func publish(_ texts: [(subject: String, text: String)]) -> (count: Int, status: natsStatus)? {
        var failure: (count: Int, status: natsStatus)?
        for (subject, text) in texts {
            let status = natsConnection_PublishString(handle, subject, text)
            if status != NATS_OK { failure = ((failure?.count ?? 0) + 1, status) }
        }
        return failure
    }
}
