import SluicePostgres

/// A command that may wait at the server, until somebody interrupts.
///
/// Then another connection asks the server to end the wait (`CLIENT UNBLOCK`): the command is answered at once, with
/// entries that were handed out just then, or with none. Shorter waits in turn would cost requests all the time, and
/// still end late; and a connection that is only closed would leave such entries behind.
struct InterruptibleRead: Sendable {
    /// How long the answer may take after the interruption; then the connection is given up, and what it was given is
    /// read again by whoever comes next.
    private static let grace = Duration.seconds(1)
    /// After so long the other connection asks again: it may have been faster than the command.
    private static let pause = Duration.milliseconds(20)

    let address: RedisAddress
    let timeout: Duration
    let interrupt: WakeUp

    /// Sends commands and reads their replies; blocks.
    ///
    /// - Parameters:
    ///   - commands: The first one may wait.
    ///   - waiting: How long.
    ///   - connection: Where to.
    ///   - read: As for ``RedisConnection/exchange(_:_:)``.
    /// - Throws: ``RedisFailure``.
    func exchange(
        _ commands: RedisCommands,
        waiting: Duration = .zero,
        on connection: RedisConnection,
        _ read: (Int, RedisReply) throws -> Void
    ) throws {
        guard commands.count > 0 else { return }
        try connection.send(commands)
        if try !connection.waitForReply(waiting + timeout, unless: interrupt) {
            try endWait(of: connection)
        }
        try connection.receive(commands.count, read)
    }

    private func endWait(of connection: RedisConnection) throws {
        guard interrupt.isSignaled else { throw RedisFailure.connection("no answer within \(timeout)") }
        let end = Instant.now.advanced(by: Self.grace)
        var other: RedisConnection?
        while Instant.now < end {
            if let identifier = connection.identifier {
                let unblocking = try other ?? RedisConnection(address, timeout: Self.grace)
                other = unblocking
                try unblocking.exchange(RedisCommands("CLIENT", "UNBLOCK", "\(identifier)")) { _, _ in }
            }
            if try connection.waitForReply(Self.pause, unless: nil) { return }
        }
        throw RedisFailure.connection("no answer within \(Self.grace) after an interruption")
    }
}
