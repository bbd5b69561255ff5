/// The batch that is being filled: bytes are appended to one array, events are built when it is closed.
struct OpenBatch: ~Copyable {
    static let maxEvents = 512
    static let maxBytes = 256 << 10

    private struct Entry {
        var index: UInt64
        var offset: Int32
        var length: Int32
        var transaction: Int32
        var cost: Int32
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    private var transactions: [TransactionHeader] = []
    private var schemaChanges: [SchemaChange] = []

    var count: Int { entries.count }

    var isFull: Bool { entries.count >= Self.maxEvents || bytes.count >= Self.maxBytes }

    mutating func add(_ transaction: TransactionHeader) -> Int32 {
        transactions.append(transaction)
        return Int32(transactions.count - 1)
    }

    /// Appends an event; a message is at most 1 GB and a batch is closed at `maxBytes`, so offsets fit.
    ///
    /// - Returns: Its cost.
    mutating func append(_ payload: UnsafeRawBufferPointer, index: UInt64, transaction: Int32, names: Int) -> Int {
        let length = Int32(clamping: payload.count)
        let cost = frameCost(length: payload.count, controls: payload.controlCharacters, names: names)
        entries.append(
            Entry(
                index: index,
                offset: Int32(clamping: bytes.count),
                length: length,
                transaction: transaction,
                cost: cost
            )
        )
        bytes.append(contentsOf: payload)
        return Int(cost)
    }

    /// Says what the next event's tables were before it.
    mutating func add(_ changes: [SchemaChange]) {
        schemaChanges += changes.map { $0.placed(at: Int32(clamping: bytes.count)) }
    }

    /// Builds the events and starts an empty batch.
    mutating func close(
        relations: RelationTable,
        firstSequence: UInt64,
        isCopy: Bool,
        into changes: inout [RawChange]
    ) {
        let size = bytes.count
        let batch = FrameBatch(
            bytes: bytes,
            relations: relations,
            transactions: transactions,
            schemaChanges: schemaChanges,
            isCopy: isCopy
        )
        var sequence = firstSequence
        changes.reserveCapacity(changes.count + entries.count)
        for entry in entries {
            changes.append(
                RawChange(
                    sequence: sequence,
                    index: entry.index,
                    batch: batch,
                    transaction: entry.transaction,
                    offset: entry.offset,
                    length: entry.length,
                    cost: entry.cost
                )
            )
            sequence += 1
        }
        entries.removeAll(keepingCapacity: true)
        transactions = []
        schemaChanges = []
        bytes = []
        // The next batch is probably like this one.
        bytes.reserveCapacity(min(size, Self.maxBytes))
    }
}
