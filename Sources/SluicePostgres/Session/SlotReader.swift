import func Sluice.startThread

/// Reads a replication slot on a thread of its own, only while it is asked and the budget has room.
///
/// Statuses go to the server whether it reads or not, so a pause of any length keeps the session. A lost session is
/// started again, and what had been handed over is not handed over again.
///
/// Back-pressure: without a call of `next` the socket is not read; the server then blocks.
package final class SlotReader: SlotSource {
    /// How to read.
    package struct Configuration: Sendable {
        /// The number of the first event.
        package var firstSequence: UInt64 = 0

        /// Changes at or below it are safe already and are dropped.
        package var discardThrough: Cursor?

        /// What the tables were like, as of a row at or below ``discardThrough``.
        package var known = KnownRelations()

        /// Where to finish: everything that commits below is delivered, nothing above.
        package var until: LSN?

        /// The server's `wal_sender_timeout` in milliseconds; 0 is none.
        package var walSenderTimeout = 60_000

        /// The longest time between two statuses; a third of ``walSenderTimeout`` if that is shorter.
        package var statusInterval = StatusSchedule.usualInterval

        /// After so long a pause the session is closed, because a client that does not read blocks the server's own
        /// exits; it starts again with demand.
        package var maxPause = Duration.seconds(300)

        /// Where the changes of transactions that are still open are kept; what another process left there is removed.
        package var spool: SpoolPlace?

        /// Whether the server is to send the changes of open transactions, which needs version 14 of it, and the spool.
        package var streamsOpenTransactions = false

        /// Tables are to be copied beside the stream.
        package var copy: CopyConfiguration?

        /// Makes a configuration with the defaults.
        package init() {}
    }

    private let mailbox = ReaderMailbox()
    private let configuration: Configuration
    private let budget: any ReadBudget
    private let progress: SlotProgress
    private let makeTransport: @Sendable () -> any ReplicationTransport

    /// Makes a reader; `start` starts it.
    ///
    /// - Parameters:
    ///   - configuration: How to read.
    ///   - budget: Asked before each read.
    ///   - progress: Told what was read; says what may be reported to the server.
    ///   - makeTransport: Makes a session's wire; called on the reader's thread.
    package init(
        configuration: Configuration,
        budget: any ReadBudget = UnlimitedBudget(),
        progress: SlotProgress,
        makeTransport: @escaping @Sendable () -> any ReplicationTransport
    ) {
        self.configuration = configuration
        self.budget = budget
        self.progress = progress
        self.makeTransport = makeTransport
    }

    deinit {
        mailbox.requestStop(.close)
    }

    /// Starts the thread, which connects at once.
    package func start() {
        startThread { [mailbox, configuration, budget, progress, makeTransport] in
            var loop = ReaderLoop(
                configuration: configuration,
                budget: budget,
                progress: progress,
                mailbox: mailbox,
                makeTransport: makeTransport
            )
            loop.run()
        }
    }

    /// Waits for changes; one call at a time.
    ///
    /// Cancellation: ends the wait at once; nothing is lost, the next call gets what this one would have.
    ///
    /// - Parameter demand: How many are wanted at most.
    /// - Returns: At least one and at most `demand` changes; `nil` when the end that was asked for is reached or the
    ///   reader was stopped.
    /// - Throws: A `ReplicationError` that trying again does not cure, or `CancellationError`.
    package func next(_ demand: Int) async throws -> [RawChange]? {
        guard demand > 0 else { return [] }
        let call = ReadCall(demand: demand)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                call.begin(continuation)
                mailbox.begin(call)
            }
        } onCancel: {
            call.cancel()
            mailbox.wake.signal()
        }
    }

    /// Tells that the budget has room again, or that a position was made durable.
    package func wake() {
        mailbox.wake.signal()
    }

    /// Tells that nothing more will be asked for, while what was handed over is still on its way.
    ///
    /// The session stays for the last positions, unless the server is blocked in sending: then it is closed at once.
    package func settle() {
        mailbox.settle()
    }

    /// Sends a last status, ends the session by the protocol and waits for that, 2 seconds at most.
    ///
    /// If there is data that was not asked for, it waits for half a second only: a stalled server would first have to
    /// send all that is queued.
    package func stop() async {
        await withUnsafeContinuation { mailbox.requestStop(.finish, $0) }
    }

    /// Closes the connection without ceremony and does not wait.
    package func close() {
        mailbox.requestStop(.close)
    }

    /// What it is doing.
    package var snapshot: SlotReaderSnapshot { mailbox.snapshot }
}
