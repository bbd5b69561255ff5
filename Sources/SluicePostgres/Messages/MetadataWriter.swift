/// The part of the metadata that tells the place of a message in the stream.
struct MetadataWriter {
    static let unknownTable = [UInt8](#""table_schema":null,"table_name":null,"#.utf8)

    /// What follows `record_pks`, without the closing brace.
    let suffix: [UInt8]

    /// `"commit_timestamp":"…","commit_lsn":…,"commit_idx":`.
    private var transactionPart: [UInt8] = []

    /// The commit position in decimal digits with a colon.
    private var positionDigits: [UInt8] = []

    private var transaction: Int32?
    private var index: UInt64 = 0

    init(suffix: [UInt8]) {
        self.suffix = suffix
    }

    /// Forgets what was prepared for a transaction, whose number means another one in another batch.
    mutating func forgetTransaction() {
        transaction = nil
    }

    /// Goes over to another change.
    @inline(__always)
    mutating func begin(_ header: TransactionHeader, transaction: Int32, index: UInt64) {
        self.index = index
        if self.transaction != transaction { prepare(header, transaction) }
    }

    @inline(never)
    private mutating func prepare(_ header: TransactionHeader, _ transaction: Int32) {
        self.transaction = transaction
        var writer = ByteWriter(capacity: 128)
        writer.appendDecimal(header.commitLSN.rawValue)
        writer.append(UInt8(ascii: ":"))
        positionDigits = writer.bytes(in: 0..<writer.count)
        writer.truncate(to: 0)
        writer.append("\"commit_timestamp\":\"")
        writer.appendCommitTime(header.commitTime)
        writer.append("\",\"commit_lsn\":")
        writer.appendDecimal(header.commitLSN.rawValue)
        writer.append(",\"commit_idx\":")
        transactionPart = writer.bytes(in: 0..<writer.count)
    }

    /// Appends the metadata from the table's names up to the colon of `record_pks`.
    @inline(__always)
    func append(to out: inout ByteWriter, table: [UInt8], sub: Int32) {
        out.append(table)
        out.append(transactionPart)
        out.appendDecimal(index)
        out.append(",\"idempotency_key\":\"")
        appendKey(to: &out, sub: sub)
        out.append("\",\"record_pks\":")
    }

    /// Appends the base64 of `position:index`, with `:sub` if that is not 0.
    private func appendKey(to out: inout ByteWriter, sub: Int32) {
        // The three numbers have at most 20 + 20 + 11 characters; they are written behind the room for their base64.
        out.reserve(192)
        let start = out.count
        let room = 96
        out.advance(by: room)
        out.append(positionDigits)
        out.appendDecimal(index)
        if sub != 0 {
            out.append(UInt8(ascii: ":"))
            out.appendDecimal(sub)
        }
        let size = out.count - start - room
        out.truncate(to: start)
        let text = UnsafeRawBufferPointer(start: out.end + room, count: size)
        out.appendBase64(text)
    }
}
