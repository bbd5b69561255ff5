import SluicePostgres
import SluiceSinks
import Synchronization

/// What a branch is doing at one moment; its keys are those of the JSON line.
struct BranchSample: Encodable, Sendable {
    var sink: String
    var state: Branch.Phase
    /// Messages that are durable in the sink, since the start.
    var changes: Int
    /// Bytes of the log that the sink has not been given; whole segments while it is not open.
    var behindBytes: Int
    /// Why it is not delivering.
    var reason: String?
}

extension Branch {
    /// What it is doing.
    func sample(of log: SpillLog) -> BranchSample {
        let (sample, reader, hold) = state.withLock { state in
            let sample = BranchSample(
                sink: identity,
                state: state.phase,
                changes: state.messages,
                behindBytes: 0,
                reason: state.reason
            )
            return (sample, state.reader, state.position.cursor)
        }
        var result = sample
        if sample.state != .detached {
            result.behindBytes = reader?.bytesLeft ?? hold.map { log.bytes(above: $0) } ?? log.snapshot.bytes
        }
        return result
    }

    /// What is new since it was last saved.
    ///
    /// - Returns: The record, if it changed, and up to where the log need not keep anything once that is saved.
    func unsaved() -> (checkpoint: Checkpoint?, settled: Cursor?) {
        state.withLock { state in
            guard state.phase != .detached else { return (nil, nil) }
            let settled = state.settled.take()
            guard state.position != state.saved.position else { return (nil, settled) }
            var checkpoint = state.saved
            checkpoint.position = state.position
            // Everything that commits below this is at the sink.
            checkpoint.reported = max(checkpoint.reported, state.position.cursor?.commitLSN ?? .zero)
            return (checkpoint, settled)
        }
    }

    /// It is in the state file.
    func saved(_ checkpoint: Checkpoint) {
        state.withLock { $0.saved = checkpoint }
    }
}
