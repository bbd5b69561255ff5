/// JSON texts of many changes, shared by their events.
public final class EncodedBatch: Sendable {
    /// Messages, each ended by one newline, back to back.
    public let bytes: [UInt8]

    let keys: BatchKeys

    /// What the messages were made of, with ascending numbers; empty unless a sink reads rows.
    let rows: [SentRow]

    /// Makes a batch from finished bytes; what their messages belong to is not known.
    public convenience init(bytes: [UInt8]) {
        self.init(bytes: bytes, keys: BatchKeys())
    }

    init(bytes: [UInt8], keys: BatchKeys, rows: [SentRow] = []) {
        self.bytes = bytes
        self.keys = keys
        self.rows = rows
    }
}

/// One decoded event: exactly one for each `RawChange`, so that sequence numbers stay dense.
public struct Change: Sendable {
    /// What became of the raw change.
    public enum Kind: Hashable, Sendable {
        /// JSON messages, one line each; their cursors differ in `sub`, from 0. (A Truncate of n tables makes n.)
        case messages(count: Int32)
        /// One message that tells why the row could not be decoded and carries its bytes.
        case undecodable
        /// No message: filtered out.
        case filtered
        /// The end of a transaction. `endLSN` is the position behind its commit record.
        case commit(endLSN: LSN)
    }

    /// Dense: the next event of the slot has the next number.
    public let sequence: UInt64

    /// The place of the change in the stream, with `sub` 0.
    public let cursor: Cursor

    /// What became of the raw change.
    public let kind: Kind

    /// Where the messages' bytes are.
    public let batch: EncodedBatch

    /// Where the first message starts.
    public let offset: Int32

    /// How many bytes the messages have, newlines included; 0 if there are none.
    public let length: Int32

    /// Bytes of the budget that this event holds.
    public let cost: Int32

    /// How many messages precede those of the change itself: its tables' schema changes.
    ///
    /// Their cursors have the negative `sub`s up to -1. Negative if the change's own first messages were left out: then so
    /// many, and the count of ``kind-swift.property`` is still that of all up to the last.
    public let schemaCount: Int32

    /// The place of the first message's key in the batch; negative if there is none.
    let firstKey: Int32

    /// Makes an event.
    public init(
        sequence: UInt64,
        cursor: Cursor,
        kind: Kind,
        batch: EncodedBatch,
        offset: Int32,
        length: Int32,
        cost: Int32,
        schemaCount: Int32 = 0
    ) {
        self.init(
            sequence: sequence,
            cursor: cursor,
            kind: kind,
            batch: batch,
            offset: offset,
            length: length,
            cost: cost,
            schemaCount: schemaCount,
            firstKey: -1
        )
    }

    init(
        sequence: UInt64,
        cursor: Cursor,
        kind: Kind,
        batch: EncodedBatch,
        offset: Int32,
        length: Int32,
        cost: Int32,
        schemaCount: Int32,
        firstKey: Int32
    ) {
        self.sequence = sequence
        self.cursor = cursor
        self.kind = kind
        self.batch = batch
        self.offset = offset
        self.length = length
        self.cost = cost
        self.schemaCount = schemaCount
        self.firstKey = firstKey
    }

    /// How many messages a sink gets for this event.
    public var messageCount: Int {
        switch kind {
        case .messages(let count): Int(count) + Int(schemaCount)
        case .undecodable: 1 + Int(schemaCount)
        case .filtered, .commit: 0
        }
    }
}
