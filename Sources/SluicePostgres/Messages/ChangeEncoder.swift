/// Decodes changes and makes their JSON messages.
///
/// Nothing that the server sends makes it fail: a change that cannot be read becomes a message that says why and carries
/// the change's bytes.
///
/// ```
/// {"record":{…},"changes":null,"action":"insert","metadata":{"table_schema":"public","table_name":"users",
/// "commit_timestamp":"2026-01-02T03:04:05.678901Z","commit_lsn":24023128,"commit_idx":0,"idempotency_key":"…",
/// "record_pks":["1"],"transaction_annotations":null,"database_name":"…","consumer":{…},"database":{…}}}
/// ```
///
/// It is a value without shared state: each processor has its own.
package struct ChangeEncoder: Sendable {
    /// What a change holds of the budget beside its messages' bytes.
    package static let overhead = 128

    private let suffix: [UInt8]
    private let filter: TableFilter
    private let batchLimit: Int
    private let splitsKeyChanges: Bool
    private let keepsRows: Bool
    private var bytesPerChange = 640

    /// Makes an encoder.
    ///
    /// - Parameters:
    ///   - source: What every message's metadata says of its source.
    ///   - tables: Rows of other tables become no messages.
    ///   - splitsKeyChanges: An update that changes a row's key becomes a delete of the old key and an insert of the new.
    ///   - keepsRows: The rows stay beside their messages, see ``Change/row``, and count for the budget.
    ///   - batchLimit: How many bytes of messages share one batch at most; a longer message has one of its own. A batch
    ///     stays in memory as long as one of its messages.
    package init(
        source: MessageSource,
        tables: TableFilter = .all,
        splitsKeyChanges: Bool = false,
        keepsRows: Bool = false,
        batchLimit: Int = 256 << 10
    ) {
        self.splitsKeyChanges = splitsKeyChanges
        self.keepsRows = keepsRows
        suffix = source.encoded
        filter = tables
        self.batchLimit = batchLimit
    }

    /// Encodes changes: one result for each, with the same sequence number, in the same order.
    package mutating func encode(_ changes: [RawChange]) -> [Change] {
        var messages = MessageWriter(
            suffix: suffix,
            capacity: min(changes.count * (bytesPerChange + bytesPerChange / 8) + 1024, batchLimit),
            splitsKeyChanges: splitsKeyChanges
        )
        var results: [Change] = []
        results.reserveCapacity(changes.count)
        var pending: [Piece] = []
        pending.reserveCapacity(changes.count)
        var total = 0
        var start = 0
        while start < changes.count {
            let batch = changes[start].batch
            var end = start + 1
            while end < changes.count, changes[end].batch === batch { end += 1 }
            messages.begin(batch, filter: filter)
            batch.bytes.withUnsafeBytes { bytes in
                for change in changes[start..<end] {
                    let offset = messages.count
                    let firstKey = messages.keys.entries.count
                    let (kind, schemaCount) = messages.append(change, in: bytes)
                    if messages.count > batchLimit, offset > 0 {
                        total += offset
                        let rows = kept(changes, from: results.count, pending.count)
                        finish(changes, &pending, messages.take(offset, keys: firstKey, rows: rows), &results)
                    }
                    pending.append(
                        Piece(
                            kind: kind,
                            schemaCount: schemaCount,
                            end: messages.count,
                            endKey: messages.keys.entries.count
                        )
                    )
                }
            }
            start = end
        }
        total += messages.count
        let rows = kept(changes, from: results.count, pending.count)
        finish(changes, &pending, messages.takeAll(rows: rows), &results)
        if !changes.isEmpty { bytesPerChange = min(total / changes.count, 1 << 20) }
        return results
    }

    private func kept(_ changes: [RawChange], from start: Int, _ count: Int) -> [SentRow] {
        keepsRows ? changes[start..<start + count].compactMap { SentRow($0) } : []
    }

    /// Makes the events whose bytes are finished.
    private func finish(
        _ changes: [RawChange],
        _ pending: inout [Piece],
        _ batch: EncodedBatch,
        _ results: inout [Change]
    ) {
        var offset = 0
        var key = 0
        for piece in pending {
            let change = changes[results.count]
            let length = piece.end - offset
            results.append(
                Change(
                    sequence: change.sequence,
                    cursor: change.cursor,
                    kind: piece.kind,
                    batch: batch,
                    offset: Int32(clamping: offset),
                    length: Int32(clamping: length),
                    cost: Int32(clamping: length + Self.overhead + (keepsRows ? Int(change.length) : 0)),
                    schemaCount: piece.schemaCount,
                    firstKey: Int32(clamping: key)
                )
            )
            offset = piece.end
            key = piece.endKey
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// An event whose batch is not finished.
    private struct Piece {
        let kind: Change.Kind
        let schemaCount: Int32
        let end: Int
        /// Behind its last message's key.
        let endKey: Int
    }
}
