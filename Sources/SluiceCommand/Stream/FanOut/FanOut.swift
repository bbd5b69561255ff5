import SluicePostgres
import SluiceSinks
import Synchronization

/// The sinks behind a log, each fed at its own pace.
final class FanOut: Sendable {
    let log: SpillLog
    let branches: [Branch]

    private let store: CheckpointStore
    private let source: SourceIdentity
    private let console: Console

    init(_ log: SpillLog, branches: [Branch], store: CheckpointStore, source: SourceIdentity, console: Console) {
        self.log = log
        self.branches = branches
        self.store = store
        self.source = source
        self.console = console
    }

    /// What the log does when it is full.
    func setPolicy(_ options: StreamOptions) {
        switch options.whenSpillIsFull {
        case .pause: log.whenFull(.pause) { [self] in try await save() }
        case .detach:
            log.whenFull(
                .detach { [self] sink in try await detach(sink, budget: options.spillSize) },
                settle: { [self] in try await save() }
            )
        }
    }

    /// Feeds all sinks until each has all of a log that has ended, or is stopped or detached.
    ///
    /// - Throws: ``SinkError`` if the state cannot be saved; `CancellationError`. What fails in a sink stays there.
    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for branch in branches {
                group.addTask {
                    try await branch.run()
                    return true
                }
            }
            group.addTask { [self] in
                while true {
                    try await save()
                    do { try await Task.sleep(for: .seconds(1)) } catch { return false }
                }
            }
            var running = branches.count
            while running > 0, let hasEnded = try await group.next() {
                if hasEnded { running -= 1 }
            }
            group.cancelAll()
        }
        try await save()
    }

    /// Stops reading the log, and lets what was read be delivered.
    func stop() {
        for branch in branches { branch.stop() }
    }

    /// Makes the sinks' cursors durable, and lets the log go on.
    func save() async throws {
        for branch in branches {
            let (checkpoint, settled) = branch.unsaved()
            if let checkpoint {
                try await store.save(checkpoint)
                try Failpoint.saved.pass()
                branch.saved(checkpoint)
            }
            if let settled { try await log.advance(branch.identity, to: settled) }
        }
    }

    /// Closes the log.
    func close() async {
        await log.close()
    }

    /// Gives a sink up: that is remembered before its changes are removed.
    private func detach(_ sink: String, budget: Int) async throws {
        let branch = branches.first { $0.identity == sink }
        let position = branch?.state.withLock { $0.saved.position.cursor }
        branch?.detach()
        let after = position ?? log.floor ?? Cursor(commitLSN: .zero, index: 0)
        try await store.save(LogAttachment(sink: sink, after: after, isDetached: true), of: source)
        console.notice(
            "\(sink) is detached: it is so far behind that the log has used up its \(budget >> 20) MB (--spill-size), and "
                + "the log keeps nothing for it any more. It has everything up to \(position?.description ?? "its start"), "
                + "and gets nothing more before it is readmitted: --readmit \(sink) lets it go on with what comes then, "
                + "without what it has missed."
        )
        guard branches.contains(where: { !$0.isDetached }) else {
            throw SinkError(.unavailable, "No sink is left: all are detached. Give --readmit to go on.")
        }
    }
}
