/// One replication session's wire, so that tests can script a server.
///
/// It belongs to one thread. Only `start` and `finish` block; all that fails throws a `ReplicationError`.
package protocol ReplicationTransport: AnyObject {
    /// The descriptor to poll; it may change between calls.
    var descriptor: Int32 { get }

    /// Connects and starts to stream.
    ///
    /// - Parameters:
    ///   - position: From where on.
    ///   - openTransactions: Whether the server sends the changes of transactions that are still open.
    /// - Throws: What kept the server from being reached or from starting to stream.
    func start(from position: LSN, openTransactions: Bool) throws(ReplicationError)

    /// Whether a read would find something.
    func isReadable() -> Bool

    /// Reads what the socket holds, at most a few buffers, without waiting.
    func consumeInput() throws(ReplicationError)

    /// Hands over the next complete frame that was read, if there is one.
    ///
    /// - Parameter body: Gets bytes that live only during the call.
    /// - Returns: Whether there was one.
    /// - Throws: What ended the stream, or what `body` throws.
    func nextFrame(
        _ body: (UnsafeRawBufferPointer) throws(ReplicationError) -> Void
    ) throws(ReplicationError) -> Bool

    /// Queues a status without waiting for room in the socket.
    func send(_ status: [UInt8]) throws(ReplicationError)

    /// Writes what is queued as far as there is room; `false` if something is left.
    func flush() throws(ReplicationError) -> Bool

    /// Ends the stream in order and waits for the server's end, at most so long; then closes.
    func finish(within limit: Duration)

    /// Closes at once.
    func close()
}
