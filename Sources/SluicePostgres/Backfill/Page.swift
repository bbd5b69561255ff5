/// Rows of a table, read in one snapshot, on their way into the stream.
package struct Page: Sendable {
    /// Its number in the run.
    package let number: Int64

    /// The table as it was when the rows were read.
    package let relation: Relation

    /// What the rows are as of.
    package let snapshot: TransactionSnapshot

    /// The rows.
    package let rows: PageRows

    /// Whether no page of the table follows.
    package var isLast: Bool

    /// Where it may enter the stream at the earliest, or where it does, once that is settled; `nil`: at its watermark, and
    /// nowhere else.
    package var position: LSN?

    /// The index of its first row, if it has no watermark and its place is settled.
    var firstIndex: UInt64?

    /// When it was read, in microseconds since 2000; needed if there is no watermark.
    package let time: Int64

    /// The mark for the log.
    ///
    /// - Parameter run: The run that is going on.
    /// - Returns: What is to be written.
    package func watermark(run: Int64) -> Watermark {
        Watermark(run: run, page: number, table: relation.oid, isLast: isLast, keys: rows.keys)
    }
}

/// The rows of a page in the form of Insert messages of pgoutput, which the stages behind the slot read like any others.
package struct PageRows: Sendable {
    private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// The rows' keys, in order.
    package private(set) var keys: [RowKey] = []

    /// What they take of memory, about.
    package var byteCount: Int { bytes.count + keysSize }

    private var keysSize = 0

    /// How many rows there are.
    package var count: Int { ends.count }

    /// Appends a row.
    ///
    /// - Parameters:
    ///   - table: The table's oid.
    ///   - values: Postgres' text form of each column, in the relation's order; `nil` is NULL.
    ///   - key: The row's key.
    mutating func append(table: UInt32, _ values: [UnsafeRawBufferPointer?], key: RowKey) {
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(PgOutput.Kind.insert.rawValue)
        append(table)
        bytes.append(UInt8(ascii: "N"))
        append(Int16(values.count))
        for value in values {
            guard let value else {
                bytes.append(UInt8(ascii: "n"))
                continue
            }
            bytes.append(UInt8(ascii: "t"))
            append(Int32(clamping: value.count))
            bytes.append(contentsOf: value)
        }
        ends.append(bytes.count)
        keys.append(key)
        keysSize += 48 + key.values.reduce(0) { $0 + 16 + $1.utf8.count }
    }

    /// Where a row's message is in the bytes.
    func range(of row: Int) -> Range<Int> {
        (row == 0 ? 0 : ends[row - 1])..<ends[row]
    }
}
