import Sluice
import SluiceLeases
import SluicePipelines
import SluiceSinks
import Synchronization

extension StreamGroup: Acknowledger {
    /// Acknowledges entries that were handled, and does with failed ones what the options say.
    ///
    /// - Throws: ``SinkError`` if the server has not taken note of all: those stay pending, and are delivered again.
    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async throws {
        var done = outcome.successful.map(\.id)
        var left: [RedisStreamEntry.ID] = []
        var moved: [(id: RedisStreamEntry.ID, reason: String)] = []
        var ended = outcome.successful
        for failed in outcome.failed {
            let id = failed.receipt.id
            if book.withLock({ $0.failed(id, at: now()) }) { continue }
            ended.append(failed.receipt)
            switch options.onFailure {
            case .leave: left.append(id)
            case .acknowledge: done.append(id)
            case .move: moved.append((id, "\(failed.failure)"))
            }
        }
        // Before the server hears of them: an extension would not find them there, and that would be told as a failure.
        leases?.release(ended)
        forget(left)
        defer {
            forget(done)
            forget(moved.map(\.id))
        }
        try await settle(done)
        for entry in moved { try await move(entry.id, because: entry.reason) }
    }

    private func settle(_ ids: [RedisStreamEntry.ID]) async throws {
        guard !ids.isEmpty else { return }
        let deleting = options.deletesAcknowledged
        try await repeating("\(ids.count) entries") { [commands, place] in
            try await commands.run { connection in
                try connection.exchange(.acknowledgement(of: ids, from: place, deleting: deleting)) { _, _ in }
            }
        }
    }

    private func move(_ id: RedisStreamEntry.ID, because reason: String) async throws {
        guard case .move(let stream) = options.onFailure, let entry = bodies.withLock({ $0[id] }) else { return }
        try await repeating("an entry, which is to be moved to \(stream)") { [commands, place] in
            try await commands.run { connection in
                try connection.exchange(.moving(entry, because: reason, from: place, to: stream)) { _, _ in }
            }
        }
    }

    /// Tries something until the server takes it, or that has been tried often enough.
    private func repeating(_ what: String, _ body: () async throws -> Void) async throws {
        var backoff = Backoff(base: .milliseconds(100), maximum: .seconds(5))
            .jittered(by: 0.5, using: SystemRandomNumberGenerator())
        var attempt = 1
        while true {
            do {
                return try await place.explaining(body)
            } catch let error as SinkError where error.code == .unavailable {
                guard attempt < options.acknowledgementAttempts else {
                    throw SinkError(
                        .unavailable,
                        "\(place.stream) has not taken note of \(what): pending, and delivered again. \(error.message)",
                        cause: error
                    )
                }
                try await sleep(backoff.delay(after: attempt))
                attempt += 1
            }
        }
    }

    /// Entries are not in the pipeline any more.
    private func forget(_ ids: [RedisStreamEntry.ID]) {
        guard !ids.isEmpty else { return }
        book.withLock { $0.release(ids) }
        guard case .move = options.onFailure else { return }
        bodies.withLock { bodies in
            for id in ids { bodies.removeValue(forKey: id) }
        }
    }
}

extension Receipt {
    init(_ id: RedisStreamEntry.ID) {
        self = .pair(id.milliseconds, id.number)
    }

    /// The entry's identifier.
    var id: RedisStreamEntry.ID {
        guard case .pair(let milliseconds, let number) = self else { return EntryBook.first }
        return RedisStreamEntry.ID(milliseconds: milliseconds, number: number)
    }
}
