import SluiceLeases
import SluicePipelines
import SluicePostgres
import SluiceSinks
import Synchronization

/// A consumer at work: its connections, and what it knows of the entries in the pipeline.
///
/// Every message holds on to it, for it acknowledges them.
final class StreamGroup: Sendable {
    let place: StreamPlace
    let options: RedisStreamSource.Options
    let book: Mutex<EntryBook>
    /// The entries in the pipeline, if failed ones are to be moved.
    let bodies = Mutex<[RedisStreamEntry.ID: RedisStreamEntry]>([:])
    let leases: LeaseExtension?
    /// For everything but reads, which may take long.
    let commands: RedisLink
    let report: @Sendable (RedisStreamReport) -> Void
    let now: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void

    private let reads: RedisLink
    private let read: InterruptibleRead

    /// Connects, and creates the group if that is wanted.
    ///
    /// - Throws: ``SinkError``; `CancellationError`.
    init(
        _ place: StreamPlace,
        _ options: RedisStreamSource.Options,
        _ clock: any Clock<Duration>,
        _ report: @escaping @Sendable (RedisStreamReport) -> Void
    ) async throws {
        self.place = place
        self.options = options
        self.report = report
        book = Mutex(EntryBook(options.rules))
        reads = RedisLink(place.address, timeout: options.timeout)
        let commands = RedisLink(place.address, timeout: options.timeout)
        self.commands = commands
        read = InterruptibleRead(address: place.address, timeout: options.timeout, interrupt: WakeUp())
        now = Self.time(of: clock)
        sleep = { try await clock.sleep(for: $0) }
        leases = options.minIdleTime.map { idle in
            LeaseExtension(
                HandlingLeases(timeout: idle, limit: nil, unit: .milliseconds(1)),
                batch: 1000,
                clock: clock
            ) { changes in
                try await commands.extend(changes.map(\.receipt.id), at: place, idle: idle)
            } report: {
                report(.extensionFailed($0, entries: $1))
            }
        }
        guard options.createsGroup else { return }
        try await place.explaining {
            try await reads.run { connection in
                do {
                    try connection.exchange(.creation(of: place, from: options.groupStartID)) { _, _ in }
                } catch let failure as RedisFailure where failure.code == "BUSYGROUP" {
                    // It is there.
                }
            }
        }
    }

    /// Reads entries, and waits for a while if there are none.
    ///
    /// - Parameter count: How many are wanted.
    /// - Returns: At most so many, perhaps none.
    /// - Throws: ``SinkError``; `CancellationError` if the task is cancelled before anything was asked for.
    func read(_ count: Int) async throws -> [Message<RedisStreamEntry>] {
        do {
            return try await place.explaining {
                try await reads.connect()
                return try await fetch(book.withLock { $0.next(count, at: now()) }, count)
            }
        } catch {
            book.withLock { $0.lostConnection() }
            throw error
        }
    }

    /// Nothing is marked as being in the pipeline before all is there that its message needs.
    private func fetch(_ fetch: EntryBook.Fetch, _ count: Int) async throws -> [Message<RedisStreamEntry>] {
        switch fetch {
        case .new(let wait):
            let found = try await ask(.new(count, from: place, waiting: wait), waiting: wait) {
                try FoundEntries(streams: $0)
            }
            let leftOut = book.withLock { $0.foundNew(found.ids) }
            return messages(found.entries, without: leftOut)
        case .own(let id):
            let (found, counts) = try await askAgain(.own(count, from: place, after: id)) {
                try FoundEntries(streams: $0)
            }
            try await drop(found.gone)
            let leftOut = book.withLock { $0.foundOwn(found.ids, last: found.last) }
            return messages(found.entries, without: leftOut, counts)
        case .abandoned(let id):
            let idle = options.minIdleTime ?? .zero
            let (found, counts) = try await askAgain(.abandoned(count, from: place, idle: idle, after: id)) {
                try FoundEntries(claimed: $0)
            }
            try await drop(found.gone)
            if !found.removed.isEmpty { report(.entriesDeleted(found.removed)) }
            if found.next == EntryBook.first { try await deleteConsumers() }
            let leftOut = book.withLock { $0.foundAbandoned(found.ids, next: found.next, at: now()) }
            return messages(found.entries, without: leftOut, counts)
        case .retries(let ids):
            let (found, counts) = try await askAgain(.again(ids, from: place)) { try FoundEntries($0) }
            try await drop(found.gone)
            let missing = Set(ids).subtracting(found.ids)
            if !missing.isEmpty {
                leases?.release(missing.map { Receipt($0) })
                report(.entriesDeleted(missing.sorted()))
            }
            book.withLock { $0.foundRetries(found.ids, of: ids) }
            return messages(found.entries, without: [], counts)
        }
    }

    private func ask<Result: Sendable>(
        _ command: RedisCommands,
        waiting: Duration = .zero,
        _ parse: @escaping @Sendable (RedisReply) throws -> Result
    ) async throws -> Result {
        try await reads.runToEnd(interruptedBy: read.interrupt) { [read] connection in
            var result: Result?
            try read.exchange(command, waiting: waiting, on: connection) { _, reply in result = try parse(reply) }
            guard let result else { throw RedisFailure.strangeReply }
            return result
        }
    }

    /// Asks for entries that were delivered before, and how often each was.
    private func askAgain(
        _ command: RedisCommands,
        _ parse: @escaping @Sendable (RedisReply) throws -> FoundEntries
    ) async throws -> (found: FoundEntries, counts: [RedisStreamEntry.ID: Int]) {
        try await reads.runToEnd(interruptedBy: read.interrupt) { [read, place] connection in
            var found = FoundEntries()
            try read.exchange(command, on: connection) { _, reply in found = try parse(reply) }
            let ids = found.ids
            var counts: [RedisStreamEntry.ID: Int] = [:]
            try read.exchange(.deliveryCounts(of: ids, from: place), on: connection) { number, reply in
                counts[ids[number]] = reply[0]?[3]?.integer
            }
            return (found, counts)
        }
    }

    /// Acknowledges entries that do not exist any more.
    private func drop(_ gone: [RedisStreamEntry.ID]) async throws {
        guard !gone.isEmpty else { return }
        try await exchange(.acknowledgement(of: gone, from: place, deleting: false))
        report(.entriesDeleted(gone))
    }

    private func deleteConsumers() async throws {
        guard let idle = options.deletesConsumersAfter else { return }
        let names = try await ask(.deletingConsumers(idle: idle, from: place)) { $0.parts.map(\.text) }
        if !names.isEmpty { report(.consumersDeleted(names)) }
    }

    private func exchange(_ commands: RedisCommands) async throws {
        try await reads.runToEnd(interruptedBy: read.interrupt) { [read] connection in
            try read.exchange(commands, on: connection) { _, _ in }
        }
    }

    /// Makes messages.
    ///
    /// - Parameters:
    ///   - entries: In order.
    ///   - leftOut: Those of them that are in the pipeline already.
    ///   - counts: How often each was delivered; `nil`: once.
    /// - Returns: The messages, of which this object is told what becomes of them.
    private func messages(
        _ entries: [RedisStreamEntry],
        without leftOut: Set<RedisStreamEntry.ID>,
        _ counts: [RedisStreamEntry.ID: Int]? = nil
    ) -> [Message<RedisStreamEntry>] {
        let entries = leftOut.isEmpty ? entries : entries.filter { !leftOut.contains($0.id) }
        let receipts = entries.map { Receipt($0.id) }
        keep(entries, receipts)
        let acknowledgements = acknowledgements(of: receipts)
        return zip(entries, acknowledgements).map { entry, acknowledgement in
            // Of one that is not pending any more, because somebody else has acknowledged it, the count is not known.
            let count = counts.map { $0[entry.id] } ?? 1
            return Message(entry, acknowledgement: acknowledgement) { [stream = place.stream, id = entry.id] in
                var metadata = ["stream": stream, "id": id.description]
                if let count { metadata["delivery-count"] = String(count) }
                return metadata
            }
        }
    }

    private func keep(_ entries: [RedisStreamEntry], _ receipts: [Receipt]) {
        leases?.keep(receipts)
        guard case .move = options.onFailure else { return }
        bodies.withLock { bodies in
            for entry in entries { bodies[entry.id] = entry }
        }
    }

    private static func time(of clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}

extension RedisLink {
    /// Lets idle times begin anew.
    ///
    /// - Returns: What kept each from it; `nil`: nothing.
    fileprivate func extend(_ ids: [RedisStreamEntry.ID], at place: StreamPlace, idle: Duration) async throws -> [(
        any Error
    )?] {
        let extended = try await place.explaining {
            try await run { connection in
                var extended: Set<RedisStreamEntry.ID> = []
                // One that another consumer has claimed meanwhile has not been idle for so long, and stays with it.
                try connection.exchange(.extending(ids, from: place, idle: idle / 4)) { _, reply in
                    extended = Set(reply.parts.compactMap(\.id))
                }
                return extended
            }
        }
        return ids.map { id in
            if extended.contains(id) { return nil }
            return SinkError(.takenOver, "Entry \(id) of \(place.stream) is with another consumer, or acknowledged.")
        }
    }
}
