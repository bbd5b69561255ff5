/// Writes the messages of changes one behind the other.
///
/// What is the same for the rows of a batch, a transaction or a table is prepared once and pasted.
struct MessageWriter: ~Copyable {
    var out: ByteWriter
    var metadata: MetadataWriter
    var row = RowValues()

    private var batch: FrameBatch?
    private var filter = TableFilter.all
    private var tables: [UInt32: MessageTable] = [:]
    private var table: MessageTable?

    init(suffix: [UInt8], capacity: Int) {
        out = ByteWriter(capacity: capacity)
        metadata = MetadataWriter(suffix: suffix)
    }

    /// How many bytes were written since the last ``take(_:)``.
    var count: Int { out.count }

    /// Takes the first bytes away.
    mutating func take(_ size: Int) -> [UInt8] {
        let bytes = out.bytes(in: 0..<size)
        out.removeFirst(size)
        return bytes
    }

    /// Goes over to changes of another batch.
    mutating func begin(_ batch: FrameBatch, filter: TableFilter) {
        self.batch = batch
        self.filter = filter
        tables.removeAll(keepingCapacity: true)
        table = nil
        metadata.forgetTransaction()
    }

    /// Appends the messages of one change; bytes are those of its batch.
    mutating func append(_ change: RawChange, in bytes: UnsafeRawBufferPointer) -> Change.Kind {
        let start = out.count
        let header = change.batch.transactions[Int(change.transaction)]
        metadata.begin(header, transaction: change.transaction, index: change.index)
        let range = Int(change.offset)..<max(Int(change.offset), Int(change.offset) + Int(change.length))
        let message = UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<bytes.count)])
        do throws(PgOutputError) {
            let kind = try appendMessages(of: message)
            guard out.count - start <= Int(Int32.max) else {
                throw PgOutputError(.oversized, "Row: its JSON message is longer than 2 GiB.")
            }
            return kind
        } catch {
            out.truncate(to: start)
            appendUndecodable(message, error)
            return .undecodable
        }
    }

    private mutating func appendMessages(of message: UnsafeRawBufferPointer) throws(PgOutputError) -> Change.Kind {
        switch try PgOutput.kind(of: message) {
        case .insert, .update, .delete:
            let table = try self.table(for: RowMessage.relationOID(of: message))
            guard table.isAccepted else { return .filtered }
            try appendRow(RowMessage(decoding: message), in: message, of: table)
            return .messages(count: 1)
        case .truncate:
            return try appendTruncates(Truncate(decoding: message))
        case .commit:
            return .commit(endLSN: try Commit(decoding: message).endLSN)
        case let kind:
            throw PgOutputError(.unknownMessage, "Row: a message of kind \(kind) is not a change.")
        }
    }

    private mutating func appendTruncates(_ truncate: Truncate) throws(PgOutputError) -> Change.Kind {
        var count: UInt32 = 0
        for oid in truncate.relationOIDs {
            let table = try self.table(for: oid)
            guard table.isAccepted else { continue }
            out.append("{\"record\":null,\"changes\":null,\"action\":\"truncate\",\"metadata\":{")
            metadata.append(to: &out, table: table.plan.metadata, sub: count)
            out.append("null")
            out.append(metadata.suffix)
            out.append("}}\n")
            count += 1
        }
        return count == 0 ? .filtered : .messages(count: Int32(clamping: count))
    }

    private mutating func appendUndecodable(_ message: UnsafeRawBufferPointer, _ error: PgOutputError) {
        out.append("{\"record\":null,\"changes\":null,\"action\":\"undecodable\",\"metadata\":{")
        metadata.append(to: &out, table: knownTable(of: message)?.plan.metadata ?? MetadataWriter.unknownTable, sub: 0)
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
        let new = MessageTable(relation, isAccepted: filter.accepts(relation))
        tables[oid] = new
        table = new
        return new
    }
}
