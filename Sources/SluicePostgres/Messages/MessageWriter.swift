/// Writes the messages of changes one behind the other.
///
/// What is the same for the rows of a batch, a transaction or a table is prepared once and pasted.
struct MessageWriter: ~Copyable {
    var out: ByteWriter
    var metadata: MetadataWriter
    var row = RowValues()
    var keys = BatchKeys()
    let splitsKeyChanges: Bool

    /// Where the messages of the current change start.
    private(set) var changeStart = 0

    private(set) var batch: FrameBatch?
    private var filter = TableFilter.all
    private var tables: [UInt32: MessageTable] = [:]
    private var table: MessageTable?
    /// How many of the batch's schema changes were told.
    private var toldChanges = 0

    init(suffix: [UInt8], capacity: Int, splitsKeyChanges: Bool = false) {
        self.splitsKeyChanges = splitsKeyChanges
        out = ByteWriter(capacity: capacity)
        metadata = MetadataWriter(suffix: suffix)
    }

    /// How many bytes were written since the last ``take(_:)``.
    var count: Int { out.count }

    /// Takes the first messages away.
    ///
    /// - Parameters:
    ///   - size: Their bytes.
    ///   - count: Their number.
    ///   - rows: What they were made of, if that is to be kept.
    /// - Returns: The messages, with their keys.
    mutating func take(_ size: Int, keys count: Int, rows: [SentRow] = []) -> EncodedBatch {
        let bytes = out.bytes(in: 0..<size)
        out.removeFirst(size)
        var taken = keys
        taken.entries.removeSubrange(count...)
        keys.entries.removeFirst(count)
        return EncodedBatch(bytes: bytes, keys: taken, rows: rows)
    }

    /// Takes all messages away.
    mutating func takeAll(rows: [SentRow] = []) -> EncodedBatch {
        take(out.count, keys: keys.entries.count, rows: rows)
    }

    /// Goes over to changes of another batch.
    mutating func begin(_ batch: FrameBatch, filter: TableFilter) {
        self.batch = batch
        self.filter = filter
        tables.removeAll(keepingCapacity: true)
        table = nil
        toldChanges = 0
        metadata.forgetTransaction()
    }

    /// Appends the messages of one change; bytes are those of its batch.
    ///
    /// - Returns: What became of the change, and how many messages of schema changes precede it.
    mutating func append(
        _ change: RawChange,
        in bytes: UnsafeRawBufferPointer
    ) -> (kind: Change.Kind, schemaCount: Int32) {
        changeStart = out.count
        let header = change.batch.transactions[Int(change.transaction)]
        metadata.begin(header, transaction: change.transaction, index: change.index)
        let range = Int(change.offset)..<max(Int(change.offset), Int(change.offset) + Int(change.length))
        let message = UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<bytes.count)])
        let schemaCount = appendSchemaChanges(at: change.offset)
        return (appendChange(message), schemaCount)
    }

    /// Appends the messages of the schema changes that a row finds, and tells how many there are.
    @inline(__always)
    private mutating func appendSchemaChanges(at offset: Int32) -> Int32 {
        guard let changes = batch?.schemaChanges, toldChanges < changes.count else { return 0 }
        return appendSchemaChanges(changes, at: offset)
    }

    @inline(never)
    private mutating func appendSchemaChanges(_ changes: [SchemaChange], at offset: Int32) -> Int32 {
        // The changes of a batch may come to several processors, and each sees some of its rows.
        while toldChanges < changes.count, changes[toldChanges].offset < offset { toldChanges += 1 }
        let here = changes[toldChanges...].prefix { $0.offset == offset }
        toldChanges += here.count
        let accepted = here.filter { filter.accepts($0.after) }
        for (place, change) in accepted.enumerated() {
            append(change, sub: Int32(place - accepted.count))
        }
        return Int32(accepted.count)
    }

    private mutating func appendChange(_ message: UnsafeRawBufferPointer) -> Change.Kind {
        let start = out.count
        let keyCount = keys.entries.count
        do throws(PgOutputError) {
            let kind = try appendMessages(of: message)
            guard out.count - start <= Int(Int32.max) else {
                throw PgOutputError(.oversized, "Row: its JSON message is longer than 2 GiB.")
            }
            return kind
        } catch {
            out.truncate(to: start)
            keys.entries.removeSubrange(keyCount...)
            appendUndecodable(message, error)
            return .undecodable
        }
    }

    private mutating func appendMessages(of message: UnsafeRawBufferPointer) throws(PgOutputError) -> Change.Kind {
        switch try PgOutput.kind(of: message) {
        case .insert, .update, .delete:
            let table = try self.table(for: RowMessage.relationOID(of: message))
            guard table.isAccepted else { return .filtered }
            return .messages(count: try appendRow(RowMessage(decoding: message), in: message, of: table))
        case .truncate:
            return try appendTruncates(Truncate(decoding: message))
        case .commit:
            return .commit(endLSN: try Commit(decoding: message).endLSN)
        case let kind:
            throw PgOutputError(.unknownMessage, "Row: a message of kind \(kind) is not a change.")
        }
    }

    private mutating func appendTruncates(_ truncate: Truncate) throws(PgOutputError) -> Change.Kind {
        var count: Int32 = 0
        for oid in truncate.relationOIDs {
            let table = try self.table(for: oid)
            guard table.isAccepted else { continue }
            out.append("{\"record\":null,\"changes\":null,\"action\":\"truncate\",\"metadata\":{")
            metadata.append(to: &out, table: table.plan.metadata, sub: count)
            out.append("null")
            out.append(metadata.suffix)
            out.append("}}\n")
            keys.entries.append(BatchKeys.Entry(action: .truncate, table: table.number))
            count += 1
        }
        return count == 0 ? .filtered : .messages(count: count)
    }

    private mutating func appendUndecodable(_ message: UnsafeRawBufferPointer, _ error: PgOutputError) {
        out.append("{\"record\":null,\"changes\":null,\"action\":\"undecodable\",\"metadata\":{")
        let table = knownTable(of: message)
        keys.entries.append(BatchKeys.Entry(action: .undecodable, table: table?.number ?? -1))
        metadata.append(to: &out, table: table?.plan.metadata ?? MetadataWriter.unknownTable, sub: 0)
        out.append("null")
        out.append(metadata.suffix)
        out.append(",\"error\":")
        out.appendString(error.message)
        out.append(",\"raw\":\"")
        // Postgres' own limit is 1 GiB, whose base64 still can be addressed.
        if message.count <= 1 << 30 { out.appendBase64(message) }
        out.append("\"}}\n")
    }

    private mutating func knownTable(of message: UnsafeRawBufferPointer) -> MessageTable? {
        switch try? PgOutput.kind(of: message) {
        case .insert, .update, .delete: (try? RowMessage.relationOID(of: message)).flatMap { try? table(for: $0) }
        default: nil
        }
    }

    /// The table with an oid as the batch knows it.
    @inline(__always)
    private mutating func table(for oid: UInt32) throws(PgOutputError) -> MessageTable {
        if let table, table.oid == oid { return table }
        return try otherTable(for: oid)
    }

    @inline(never)
    private mutating func otherTable(for oid: UInt32) throws(PgOutputError) -> MessageTable {
        if let known = tables[oid] {
            table = known
            return known
        }
        guard let relation = batch?.relations[oid] else {
            throw PgOutputError(.unknownRelation, "Row: the relation with oid \(oid) was not described before.")
        }
        let new = MessageTable(relation, isAccepted: filter.accepts(relation), number: number(of: relation))
        tables[oid] = new
        table = new
        return new
    }

    /// The place of a table among those of the messages' keys.
    mutating func number(of relation: Relation) -> Int32 {
        if let number = keys.tables.lastIndex(where: { $0 === relation }) { return Int32(number) }
        keys.tables.append(relation)
        return Int32(keys.tables.count - 1)
    }
}
