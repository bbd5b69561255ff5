import GRDB
import Glibc
package import SluicePostgres
import Synchronization

/// The state file: how far each sink of each slot is, and what was reported to the server.
///
/// It is `checkpoint.sqlite` in a folder. Several processes may share it, each with sinks of its own. All calls run in
/// order on the store's own thread.
package final class CheckpointStore: Sendable {
    struct Opened: Sendable {
        let queue: DatabaseQueue
        /// Held for their locks only.
        var claims: [OpenFile] = []
    }

    private let folder: String
    private let path: String
    private let thread = BlockingThread()
    // Only the thread takes this lock.
    private let opened = Mutex(Opened?.none)

    /// Makes a store; nothing is opened yet.
    ///
    /// - Parameter folder: Where the state file is or will be; its parent must exist.
    package init(folder: String) {
        self.folder = absolutePath(folder)
        self.path = "\(self.folder)/checkpoint.sqlite"
    }

    /// Opens the state file; creates it, and its folder, if they are missing.
    ///
    /// - Throws: ``SinkError`` if it cannot be used, is damaged, or was written by a newer version.
    package func open() async throws {
        try await run { [self] opened in
            guard opened == nil else { throw SinkError(.notOpen, "\(path) was opened before.") }
            try createFolder()
            let queue = try DurableDatabase.open(path: path)
            try DurableDatabase.makeDurable(queue, path: path)
            try CheckpointSchema.migrate(queue, path: path)
            opened = Opened(queue: queue)
        }
    }

    /// Claims a sink of a slot for this process until ``close()``, and reads what is known of it.
    ///
    /// - Parameters:
    ///   - source: Where the changes come from; its timeline is not part of the record's key.
    ///   - sink: The sink's identity.
    /// - Returns: The record, and which other sources used the sink.
    /// - Throws: ``SinkError`` if another process has the claim.
    package func load(source: SourceIdentity, sink: String) async throws -> RememberedState {
        try await perform { [folder] opened in
            opened.claims.append(try ClaimFile.take(folder: folder, source: source, sink: sink))
            return try opened.queue.read { try CheckpointTable.load($0, source: source, sink: sink) }
        }
    }

    /// A folder beside the state file for open transactions, which is the claim's alone; it is not made.
    ///
    /// - Parameters:
    ///   - source: Where the changes come from.
    ///   - sink: The sink's identity.
    /// - Returns: Its path.
    package func spoolFolder(source: SourceIdentity, sink: String) -> String {
        "\(folder)/\(ClaimFile.name(source: source, sink: sink)).spool"
    }

    /// Makes a record durable.
    ///
    /// A lower `reported` than the stored one leaves that as it is.
    ///
    /// - Parameters:
    ///   - checkpoint: Replaces the record with the same server, slot and sink.
    ///   - versions: Those of tables that began since the last save, up to the record's cursor; saved with it or not at
    ///     all.
    ///   - copied: Pages of tables that the sink has, up to the record's cursor.
    /// - Throws: ``SinkError`` if it could not be stored; then nothing of it may be reported to the server.
    package func save(
        _ checkpoint: Checkpoint,
        versions: [RelationVersion] = [],
        copied: [CopiedPage] = []
    ) async throws {
        try await perform { opened in
            try opened.queue.write { database in
                try CheckpointTable.save(database, checkpoint)
                for version in versions { try RelationVersionTable.save(database, checkpoint, version) }
                for page in copied { try BackfillTable.save(database, checkpoint, page) }
            }
        }
    }

    /// Whether a slot has a log.
    ///
    /// - Parameter source: Where the changes come from.
    /// - Returns: Whether its record is there.
    /// - Throws: ``SinkError`` if the file cannot be read.
    package func hasLog(of source: SourceIdentity) async throws -> Bool {
        try await perform { opened in
            try opened.queue.read { database in
                try CheckpointTable.load(database, source: source, sink: SpillLog.name).checkpoint != nil
            }
        }
    }

    /// The sinks that a slot's log has fed.
    ///
    /// - Parameter source: Where the changes come from.
    /// - Returns: In the order of their names.
    /// - Throws: ``SinkError`` if the file cannot be read.
    package func attachments(of source: SourceIdentity) async throws -> [LogAttachment] {
        try await perform { opened in try opened.queue.read { try LogAttachmentTable.load($0, source: source) } }
    }

    /// Makes durable what a log keeps for a sink, and with it the sink's record.
    ///
    /// - Parameters:
    ///   - attachment: Replaces the one of the same sink.
    ///   - source: Where the changes come from.
    ///   - checkpoint: The sink's; `nil` leaves it as it is.
    /// - Throws: ``SinkError`` if it could not be stored.
    package func save(
        _ attachment: LogAttachment,
        of source: SourceIdentity,
        with checkpoint: Checkpoint? = nil
    ) async throws {
        try await perform { opened in
            try opened.queue.write { database in
                try LogAttachmentTable.save(database, source: source, attachment)
                if let checkpoint { try CheckpointTable.save(database, checkpoint) }
            }
        }
    }

    /// Closes the file and gives the claims back; safe to call in any state and more than once.
    package func close() async {
        await thread.close { [self] in opened.withLock { $0 = nil } }
    }

    func perform<Result: Sendable>(
        _ body: @escaping @Sendable (inout Opened) throws -> Result
    ) async throws -> Result {
        try await run { [path] opened in
            guard var current = opened else { throw SinkError(.notOpen, "\(path) is not open.") }
            defer { opened = current }
            return try body(&current)
        }
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (inout Opened?) throws -> Result
    ) async throws -> Result {
        do {
            return try await thread.run { [self] in
                do {
                    return try opened.withLock { try body(&$0) }
                } catch {
                    throw SinkError(database: path, error)
                }
            }
        } catch is BlockingThread.Closed {
            throw SinkError(.notOpen, "\(path) is closed.")
        }
    }

    private func createFolder() throws(SinkError) {
        guard mkdir(folder, 0o755) != 0 else { return try OpenFile.synchronizeFolder(of: folder) }
        let code = errno
        guard code == EEXIST else { throw SinkError(opening: folder, errno: code) }
    }
}
