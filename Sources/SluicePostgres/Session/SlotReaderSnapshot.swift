/// What a reader is doing, for a progress line.
package struct SlotReaderSnapshot: Sendable {
    /// Whether it reads, and if not, why.
    package enum State: Hashable, Sendable {
        /// No session yet, or the last one was lost.
        case connecting
        /// Demand and budget are there: it reads, or waits for the server.
        case reading
        /// Nobody asks.
        case pausedNoDemand
        /// The budget is used up.
        case pausedNoBudget
        /// The pause was so long that the session was closed; it starts again with demand.
        case pausedClosed
        /// The end that was asked for was reached, or the reader was stopped, or it failed.
        case finished
    }

    /// Whether it reads, and if not, why.
    package var state = State.connecting

    /// What the current call asks for; 0 if there is none.
    package var demand = 0

    /// The highest position that the server has sent.
    package var received = LSN.zero

    /// The `walEnd` of the last keepalive.
    package var walEnd = LSN.zero

    /// The highest position that was reported as flushed.
    package var reported = LSN.zero

    /// How often the socket was read.
    package var reads: UInt64 = 0

    /// How many changes and Commits were read and handed over.
    package var changes: UInt64 = 0

    /// How many sessions were started.
    package var sessions: UInt64 = 0

    /// Why the last session ended, if it was lost.
    package var lastFailure: String?

    /// Bytes of transactions that are open on the server, or being replayed, in files.
    package var spooledBytes = 0

    /// Why open transactions are not streamed any more, if they were.
    package var streamingFailure: ReplicationError?
}
