import SluicePostgres
import SluiceSinks
import Synchronization

/// Makes positions durable in the state file before the server hears of them.
final class Checkpointer: Sendable {
    private struct State {
        /// As it was last saved.
        var saved: Checkpoint
        var position: SinkPosition
        var tally: Tally
    }

    /// What was made durable since the command's start.
    struct Tally {
        var messages = 0
        /// Messages of rows that could not be decoded, among them.
        var undecodable = 0
        /// Messages that are among the dead letters, and not in the sink.
        var deadLetters = 0
    }

    private let store: CheckpointStore
    private let progress: SlotProgress
    private let state: Mutex<State>

    /// Makes a checkpointer.
    ///
    /// - Parameters:
    ///   - store: Opened.
    ///   - progress: Says what may be reported, and is told what is durable.
    ///   - start: As it was saved last.
    ///   - tally: What was made durable before.
    init(store: CheckpointStore, progress: SlotProgress, start: Checkpoint, tally: Tally) {
        self.store = store
        self.progress = progress
        state = Mutex(State(saved: start, position: start.position, tally: tally))
    }

    /// What was made durable since the command's start.
    var tally: Tally { state.withLock { $0.tally } }

    /// Takes in what the sink has made durable.
    func delivered(_ delivered: Delivered) {
        // The position first: so a checkpoint never reports more than its own position covers.
        state.withLock { state in
            state.position = delivered.position
            state.tally.messages += delivered.messages
            state.tally.undecodable += delivered.undecodable
        }
        progress.acknowledge(through: delivered.sequence)
    }

    /// Counts a message that is among the dead letters now.
    func buried() {
        state.withLock { $0.tally.deadLetters += 1 }
    }

    /// Saves once a second until cancelled.
    func run() async throws {
        while !Task.isCancelled {
            try await save()
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    /// Saves what is new, and lets the server hear of it.
    func save() async throws {
        let safe = progress.safe
        let (checkpoint, isNew) = state.withLock { state in
            var checkpoint = state.saved
            checkpoint.reported = max(checkpoint.reported, safe)
            checkpoint.position = state.position
            return (checkpoint, checkpoint != state.saved)
        }
        // After the position was read, so that none is missing below it.
        let versions = progress.versions(through: checkpoint.position.cursor)
        let copied = progress.copied(through: checkpoint.position.cursor)
        guard isNew || !versions.isEmpty || !copied.isEmpty else { return }
        try await store.save(checkpoint, versions: versions, copied: copied)
        try Failpoint.saved.pass()
        progress.madeDurable(versions: versions.count)
        progress.madeDurable(copied: copied.count)
        state.withLock { $0.saved = checkpoint }
        progress.madeDurable(checkpoint.reported)
    }
}
