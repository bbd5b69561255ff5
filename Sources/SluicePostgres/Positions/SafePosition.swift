internal import DequeModule

/// Decides which position may be reported to the server as flushed.
///
/// Pure: no lock, no clock.
///
/// A transaction with anything unacknowledged is sent again if the position stays at or below the start of its commit
/// record; above that it is lost. So while there is one, the answer is the oldest one's `commitLSN`; otherwise the end
/// of everything that was read. It holds one entry for each transaction in flight.
package struct SafePosition: ~Copyable {
    private struct Transaction {
        var commitLSN: LSN
        var commitTime: Int64?
        /// The number of its Commit; `nil` while it is open.
        var lastSequence: UInt64?
    }

    private var inFlight: Deque<Transaction> = []
    /// The end of everything read: the last Commit's `endLSN` or a later keepalive's `walEnd`.
    private var end: LSN
    private var acknowledged: UInt64?
    private var completed: [Int64] = []

    /// The position that may be reported; never lower than before.
    package private(set) var position: LSN

    /// Makes a tracker.
    ///
    /// - Parameter start: What the server knows already: the slot's `confirmed_flush_lsn`.
    package init(startingAt start: LSN = .zero) {
        end = start
        position = start
    }

    /// Whether every transaction that began is acknowledged.
    package var isIdle: Bool { inFlight.isEmpty }

    /// How many transactions are in flight.
    package var count: Int { inFlight.count }

    /// Takes in a fact.
    package mutating func record(_ fact: PositionFact) {
        switch fact {
        case .began(let commitLSN, let commitTime):
            // After a reconnect the transaction that was cut off begins again.
            if inFlight.last?.lastSequence != nil || inFlight.last?.commitLSN != commitLSN {
                inFlight.append(Transaction(commitLSN: commitLSN, commitTime: commitTime))
            }
        case .committed(let endLSN, let sequence):
            end = max(end, endLSN)
            if let sequence, let last = inFlight.indices.last, inFlight[last].lastSequence == nil {
                inFlight[last].lastSequence = sequence
            }
        case .keepalive(let walEnd):
            // Inside a transaction it says nothing: the transaction's rows may come later.
            if inFlight.last.map({ $0.lastSequence != nil }) ?? true { end = max(end, walEnd) }
        }
        advance()
    }

    /// Every event up to and including a number is durable in every sink.
    package mutating func acknowledge(through sequence: UInt64) {
        acknowledged = max(acknowledged ?? 0, sequence)
        advance()
    }

    /// Takes the commit times of the transactions that were acknowledged since the last call.
    package mutating func takeCompleted() -> [Int64] {
        guard !completed.isEmpty else { return [] }
        defer { completed = [] }
        return completed
    }

    private mutating func advance() {
        if let acknowledged {
            while let last = inFlight.first?.lastSequence, last <= acknowledged {
                if let time = inFlight.removeFirst().commitTime { completed.append(time) }
            }
        }
        position = max(position, inFlight.first?.commitLSN ?? end)
    }
}
