internal import Synchronization

/// Pages of tables as they were when a slot was made, for tasks: read by several connections at the same time, each with
/// a thread of its own.
package final class SnapshotSource: Sendable {
    private final class Lane: Sendable {
        let thread = BlockingThread()
        let reader = Mutex<SnapshotReader?>(nil)
    }

    /// The first one looks for the ranges that the others read.
    private let lanes: [Lane]

    /// From where the slot has its changes: all rows stand before them.
    package let position: LSN

    /// How many pages can be read at the same time.
    package var readers: Int { lanes.count - 1 }

    /// Takes a snapshot over.
    ///
    /// - Parameters:
    ///   - snapshot: Released afterwards, also by an error.
    ///   - target: Where to.
    ///   - tables: What will be read; they cannot be rewritten, truncated or dropped until ``close()``.
    ///   - connections: How many, at least 2.
    /// - Throws: What the server answered.
    package init(
        _ snapshot: ExportedSnapshot,
        _ target: ConnectionTarget,
        tables: [CopyTable],
        connections: Int
    ) async throws {
        defer { snapshot.release() }
        position = snapshot.position
        lanes = (0..<max(2, connections)).map { _ in Lane() }
        do {
            for lane in lanes {
                try await lane.thread.run {
                    try lane.reader.withLock { $0 = try SnapshotReader(target, snapshot, locking: tables) }
                }
            }
        } catch {
            await close()
            throw error
        }
    }

    /// The key of the row that so many rows of a table come up to, behind a key; `nil` if there are fewer.
    package func bound(of table: CopyTable, after key: RowKey?, rows: Int) async throws -> RowKey? {
        try await run(lanes[0]) { try $0.bound(of: table, after: key, rows: rows) }
    }

    /// Reads a page, see ``PageReader/read(_:of:after:through:limit:bytes:)``.
    ///
    /// - Returns: The page, and how long it took.
    package func page(
        _ number: Int64,
        of table: CopyTable,
        after key: RowKey?,
        through end: RowKey?,
        limit: Int,
        bytes: Int
    ) async throws -> (Page, Duration) {
        // Pages that are read at the same time have numbers that follow each other.
        try await run(lanes[1 + Int(number.magnitude % UInt64(readers))]) { reader in
            let start = Instant.now
            let page = try reader.read(number, of: table, after: key, through: end, limit: limit, bytes: bytes)
            return (page, start.duration(to: .now))
        }
    }

    /// Ends the transactions, after what they were asked for.
    package func close() async {
        for lane in lanes { await lane.thread.close { lane.reader.withLock { $0 = nil } } }
    }

    private func run<Result: Sendable>(
        _ lane: Lane,
        _ body: @escaping @Sendable (SnapshotReader) throws -> Result
    ) async throws -> Result {
        try await lane.thread.run {
            try lane.reader.withLock { reader in
                guard let reader else { throw BlockingThread.Closed() }
                return try body(reader)
            }
        }
    }
}
